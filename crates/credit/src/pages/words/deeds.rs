//! What the pages say where something is done: to a cycle, a payment, a claim, a retailer, a vendor.

use web::panel::PageLanguage;
use web::panel_words;

use crate::adjustments::AdjustmentKind;
use crate::disputes::DisputeStatus;
use crate::payments::{ClaimStatus, PaymentStatus, Source};
use crate::promises::PromiseStatus;

panel_words! {
    /// The words of these pages.
    pub(in crate::pages) enum Say {
        Stale: "Someone changed this since you opened it. Nothing was saved. What holds now stands beside what you typed; save again if you still mean it.",
            "तपाईंले खोलेपछि अरूले यो फेरिसके। केही सुरक्षित भएन। अहिले के छ, तपाईंले लेखेको छेउमा छ; अझै त्यही चाहनुहुन्छ भने फेरि सुरक्षित गर्नुहोस्।";
        HoldsNow: "Now", "अहिले";
        BlockLine: "Block this line", "यो खाता बन्द गर्नुहोस्";
        BlockLineHint: "A blocked line is opened again by an operator only.", "बन्द खाता सञ्चालकले मात्र फेरि खोल्छ।";
        CheckOrder: "Check an order", "अर्डर जाँच्नुहोस्";
        CheckHint: "May this shop order so much from this vendor? Nothing is stored.",
            "यो पसलले यो बिक्रेताबाट यति अर्डर गर्न पाउँछ? केही सुरक्षित हुँदैन।";
        OrderAmount: "Order of, in rupees", "अर्डरको रकम (रुपैयाँ)";
        PaidHow: "Paid", "कसरी तिर्ने";
        OnCredit: "on credit", "उधारोमा";
        InCash: "in cash", "नगदमा";
        MayOrder: "Yes, this order passes.", "मिल्छ, यो अर्डर जान्छ।";
        MayNotOrder: "No, this order does not pass.", "मिल्दैन, यो अर्डर जाँदैन।";
        Shortfall: "Missing", "नपुग";
        Binding: "What leaves the least", "सबैभन्दा कम छोड्ने सीमा";
        ByLine: "the limit of the line", "खाताको सीमा";
        ByCap: "the cap of the retailer", "पसलको जम्मा सीमा";
        ByCeiling: "the ceiling of the vendor", "थोक बिक्रेताको जम्मा सीमा";
        Remedy: "What would make it pass", "के गरे मिल्छ";
        ForCash: "Order for cash.", "नगदमा अर्डर गर्नुहोस्।";
        NoRemedy: "Nothing that a payment or a smaller order could change.", "तिरेर वा सानो अर्डर गरेर मिल्ने केही छैन।";
        EnterClaim: "Enter a claim", "तिरेँ भनेको लेख्नुहोस्";
        ClaimHint: "What the retailer says it paid, where the money has not been seen yet. Nothing counts before it is confirmed.",
            "पसलले तिरेँ भनेको तर पैसा अझै नदेखेको। पक्का नगरेसम्म गनिँदैन।";
        OnlyOverLimit: "Only lines that are over their limit", "सीमाभन्दा बढी भएका खाता मात्र";
        Order: "Order", "अर्डर";
        ToOrder: "what was ordered", "के अर्डर भयो";
        ShowAll: "Show all", "सबै देखाउनुहोस्";
        Again: "Change it again", "फेरि फेर्नुहोस्";
        Repaid: "Repaid", "तिरिसकेको";
        DiscountEarned: "Discount earned", "पाएको छुट";
        InterestPaid: "Interest paid", "तिरेको ब्याज";
        RemindersSent: "Reminders sent", "सम्झना पठाइएको";
        LastRepayment: "Last repayment", "पछिल्लो भुक्तानी";
        ClosedOn: "Closed on", "बन्द मिति";
        PromisedFor: "Promised for", "तिर्ने वाचाको मिति";
        DisputedSince: "Disputed since", "गुनासो गरेको मिति";
        Note: "Note", "टिपोट";
        NoteHint: "Leave it empty to remove the note.", "टिपोट हटाउन खाली छोड्नुहोस्।";
        NewDue: "New due date", "नयाँ भाका मिति";
        NewDueHint: "Only later than now. A reason is needed.", "अहिलेको भन्दा पछि मात्र सर्छ। कारण लेख्नुपर्छ।";
        NoteOrDue: "Note or due date", "टिपोट वा भाका मिति";
        Quote: "What it costs", "कति तिर्नुपर्छ";
        QuoteBy: "Amount is", "रकम भनेको";
        ByPrincipal: "debt to be settled", "घटाउनुपर्ने साँवा";
        ByCash: "cash to be paid", "तिर्ने नगद";
        QuoteAmount: "Amount in rupees; all of it if empty", "रकम (रुपैयाँ); खाली भए सबै";
        QuoteAmountOnly: "Amount in rupees", "रकम (रुपैयाँ)";
        WorkOut: "Work it out", "हिसाब गर्नुहोस्";
        Ladder: "What paying early or late means", "छिटो वा ढिलो तिर्दा के हुन्छ";
        Repayments: "Repayments", "भुक्तानीहरू";
        Events: "What else happened", "अरू के भयो";
        Reversed: "reversed", "उल्ट्याइएको";
        FromAdvance: "from what was kept", "पेश्कीबाट";
        Recovered: "for what was written off", "मिनाहा गरेकोबाट उठेको";
        GoodsCameBack: "goods came back", "सामान फिर्ता";
        Event: "Event", "घटना";
        Promise: "Promise to pay", "तिर्ने वाचा";
        PromiseOn: "Will pay by", "यो मितिसम्म तिर्ने";
        PromiseHint: "Reminders wait until then.", "त्यतिन्जेल ताकेता पठाइँदैन।";
        Dispute: "Dispute", "गुनासो";
        DisputeHint: "Reminders, interest and overdue days stand still until it is decided.",
            "टुङ्गो नलागेसम्म ताकेता, ब्याज र भाका नाघेको दिन रोकिन्छन्।";
        OrderLine: "Line of the order, if it is about one only", "अर्डरको एउटा मात्र सामान भए त्यसको क्रम";
        Decide: "Decide the dispute", "गुनासोको टुङ्गो लगाउनुहोस्";
        Decision: "Decision", "टुङ्गो";
        Uphold: "Upheld: take the amount off", "गुनासो ठीक: रकम घटाउने";
        Reject: "Reject", "अस्वीकार गर्नुहोस्";
        RejectDispute: "Rejected: the debt stays", "गुनासो ठीक होइन: ऋण उही रहने";
        DecideAmount: "Amount to take off, if upheld", "ठीक भए घटाउने रकम";
        DisputeSaid: "What was said", "के भनिएको छ";
        Adjust: "Adjust", "मिलान गर्नुहोस्";
        AdjustKind: "Why it changes", "किन मिलाउने";
        Direction: "Direction", "कता";
        Less: "takes off the debt", "ऋण घटाउने";
        More: "adds to the debt (a correction only)", "ऋण बढाउने (सच्याउँदा मात्र)";
        Close: "Close and write off", "बन्द गरी मिनाहा गर्नुहोस्";
        CloseHint: "What is still open is written off as bad debt.", "बाँकी रकम नउठ्ने ऋणमा मिनाहा हुन्छ।";
        Payments: "Payments", "भुक्तानीहरू";
        Payment: "Payment", "भुक्तानी";
        OnlyKept: "Only those of which something is kept", "पेश्की बाँकी भएका मात्र";
        Kept: "Kept for later", "पेश्की बाँकी";
        Refunded: "Given back", "फिर्ता दिइएको";
        RecordedBy: "Recorded by", "लेख्ने";
        Apply: "Use what is kept", "पेश्की मिलाउनुहोस्";
        ApplyHint: "Leave it empty to use all. It goes to the oldest due cycle first.",
            "सबै मिलाउन खाली छोड्नुहोस्। सबैभन्दा पुरानो भाकामा पहिले जान्छ।";
        Refund: "Give back what is kept", "पेश्की फिर्ता दिनुहोस्";
        RefundHint: "Leave it empty to give back all.", "सबै फिर्ता दिन खाली छोड्नुहोस्।";
        LookOrReverse: "Look at the payment, or reverse it", "भुक्तानी हेर्नुहोस् वा उल्ट्याउनुहोस्";
        Reverse: "Reverse the payment", "भुक्तानी उल्ट्याउनुहोस्";
        ReverseHint: "For a bounced cheque or a mistake. Its cycles are open again.",
            "चेक फिर्ता भए वा गल्ती भए। यसले तिरेका भाका फेरि बाँकी देखिन्छन्।";
        ReversedOn: "Reversed on", "उल्ट्याएको मिति";
        NamedCycles: "Choose the cycles yourself", "भाका आफैं छान्नुहोस्";
        NamedHint: "Cash for each cycle. If nothing is filled in here, the oldest due cycle comes first.",
            "हरेक भाकामा कति नगद। यहाँ केही नभरे सबैभन्दा पुरानो भाका पहिले मिल्छ।";
        Claims: "Payments that retailers say they made", "पसलले तिरेँ भनेका भुक्तानी";
        ClaimsShort: "Claims", "तिरेँ भनेका";
        Claim: "Claim", "तिरेँ भनेको";
        Confirm: "Confirm", "पक्का गर्नुहोस्";
        ConfirmHint: "The payment is recorded and the retailer gets a receipt.", "भुक्तानी लेखिन्छ र पसललाई रसिद जान्छ।";
        RejectHint: "The retailer is told why.", "पसललाई कारण सुनाइन्छ।";
        Disputes: "Disputes", "गुनासोहरू";
        Statement: "Statement", "हिसाब विवरण";
        History: "Changes of the terms", "सर्तमा भएका फेरबदल";
        Reservations: "Held for orders", "अर्डरका लागि रोकिएको";
        Who: "Who", "कसले";
        When: "When", "कहिले";
        What: "What", "के";
        Granted: "Granted", "खोलिएको";
        NewLine: "New credit line", "नयाँ उधारो खाता";
        WhichVendor: "Choose the vendor.", "थोक बिक्रेता छान्नुहोस्।";
        Settlement: "Discounts and interest for new cycles", "नयाँ भाकाका छुट र ब्याज";
        DiscountRows: "Discounts: day and percent, as in 15:5, 30:2", "छुट: दिन र प्रतिशत, जस्तै 15:5, 30:2";
        DiscountHint: "Through day 15 five percent, then two percent through day 30. Empty: none.",
            "१५ दिनसम्म ५ प्रतिशत, त्यसपछि ३० दिनसम्म २ प्रतिशत। खाली: छुट छैन।";
        WrongDiscounts: "Days and percents, as in 15:5, 30:2.", "दिन र प्रतिशत, जस्तै 15:5, 30:2।";
        InterestPercent: "Late interest, percent a year (10 at most)", "ढिलो भएमा ब्याज, वर्षको प्रतिशत (बढीमा १०)";
        WrongPercent: "A percentage with at most two decimals.", "प्रतिशत, दशमलवपछि बढीमा दुई अङ्क।";
        GraceDays: "Days of grace before interest", "ब्याज लाग्नुअघि छुटका दिन";
        Approve: "Approve", "स्वीकृत गर्नुहोस्";
        ApproveHint: "From now on this shop can order.", "अब यो पसलले अर्डर गर्न सक्छ।";
        WaitsForApproval: "This shop waits for approval.", "यो पसल स्वीकृतिको पर्खाइमा छ।";
        Cap: "Cap over all lines", "सबै खाताको जम्मा सीमा";
        CapHint: "Leave it empty to lift the cap.", "सीमा हटाउन खाली छोड्नुहोस्।";
        PauseAll: "Pause all credit", "सबै उधारो रोक्नुहोस्";
        Block: "Block it: only an operator gives credit again", "बन्द गर्ने: सञ्चालकले मात्र फेरि खोल्न सक्छ";
        ResumeAll: "Give credit again", "उधारो फेरि दिनुहोस्";
        Evaluate: "Should credit go on?", "उधारो दिँदै जाने?";
        ShouldPause: "Credit should be paused: something is overdue for too long.",
            "उधारो रोक्नु राम्रो: भाका धेरै नाघेको छ।";
        ShouldGoOn: "Nothing speaks for a pause.", "रोक्नुपर्ने कारण छैन।";
        Allowed: "can order on credit", "उधारोमा अर्डर गर्न सक्छ";
        Used: "Used", "प्रयोग भएको";
        Audit: "Audit log", "लेखा अभिलेख";
        Score: "Credit score", "उधारो अंक";
        Insights: "Insights", "कारोबारको झलक";
        CreditStatus: "Credit", "उधारो";
        NewVendor: "New vendor", "नयाँ थोक बिक्रेता";
        Vendors: "Vendors", "थोक बिक्रेताहरू";
        Ceiling: "Ceiling over all it lends", "दिने उधारोको जम्मा सीमा";
        CeilingHint: "Leave it empty to lift the ceiling.", "सीमा हटाउन खाली छोड्नुहोस्।";
        Dso: "Days until debts come in", "उधारो उठ्न लाग्ने दिन";
        Effectiveness: "Collected of what was due", "उठ्नुपर्नेमध्ये उठेको";
        CollectionHint: "Over the last 90 days.", "पछिल्लो ९० दिनमा।";
        CreditSales: "Sold on credit", "उधारो बिक्री";
        WorstLines: "Most at risk: overdue for longest", "सबैभन्दा जोखिम: धेरै दिन भाका नाघेका";
        MostUsed: "Most used lines", "सबैभन्दा बढी प्रयोग भएका खाता";
        OverLimit: "over the limit", "सीमाभन्दा बढी";
        Utilisation: "Used of the limits", "सीमामध्ये प्रयोग";
        StoppedLines: "Lines that give no new credit", "नयाँ उधारो रोकिएका खाता";
        Books: "Books", "लेखा";
        TrialBalance: "Trial balance", "सन्तुलन परीक्षण";
        Account: "Account", "शीर्षक";
        Debit: "Debit", "डेबिट";
        Credit: "Credit", "क्रेडिट";
        Balance: "Balance", "मौज्दात";
        Journal: "Download the journal", "जर्नल डाउनलोड गर्नुहोस्";
        JournalHint: "Plain text that hledger reads.", "hledger ले पढ्ने सादा पाठ।";
        AllVendors: "All vendors", "सबै थोक बिक्रेता";
        Sum: "Sum", "जम्मा";
    }
}

/// What a part of a payment was paid from; a dash where it came in with the payment.
pub(in crate::pages) const fn source(source: Source, language: PageLanguage) -> &'static str {
    match source {
        Source::Cash => "–",
        Source::Advance => Say::FromAdvance.text(language),
        Source::Recovery => Say::Recovered.text(language),
        Source::Return => Say::GoodsCameBack.text(language),
    }
}

/// The word for a kind of adjustment.
pub(in crate::pages) const fn adjustment(kind: AdjustmentKind, language: PageLanguage) -> &'static str {
    match (language, kind) {
        (PageLanguage::English, AdjustmentKind::Return) => "Goods returned",
        (PageLanguage::English, AdjustmentKind::Dispute) => "Dispute upheld",
        (PageLanguage::English, AdjustmentKind::WriteOff) => "Write-off",
        (PageLanguage::English, AdjustmentKind::Correction) => "Correction",
        (PageLanguage::Nepali, AdjustmentKind::Return) => "सामान फिर्ता",
        (PageLanguage::Nepali, AdjustmentKind::Dispute) => "गुनासो ठीक ठहरियो",
        (PageLanguage::Nepali, AdjustmentKind::WriteOff) => "मिनाहा",
        (PageLanguage::Nepali, AdjustmentKind::Correction) => "सच्याइएको",
    }
}

/// The word for a dispute's status.
pub(in crate::pages) const fn dispute(status: DisputeStatus, language: PageLanguage) -> &'static str {
    match (language, status) {
        (PageLanguage::English, DisputeStatus::Open) => "open",
        (PageLanguage::English, DisputeStatus::Upheld) => "upheld",
        (PageLanguage::English, DisputeStatus::Rejected) => "rejected",
        (PageLanguage::Nepali, DisputeStatus::Open) => "टुङ्गो बाँकी",
        (PageLanguage::Nepali, DisputeStatus::Upheld) => "ठीक ठहरियो",
        (PageLanguage::Nepali, DisputeStatus::Rejected) => "अस्वीकृत",
    }
}

/// The word for what became of a promise.
pub(in crate::pages) const fn promise(status: PromiseStatus, language: PageLanguage) -> &'static str {
    match (language, status) {
        (PageLanguage::English, PromiseStatus::Open) => "open",
        (PageLanguage::English, PromiseStatus::Kept) => "kept",
        (PageLanguage::English, PromiseStatus::Broken) => "broken",
        (PageLanguage::English, PromiseStatus::Replaced) => "replaced",
        (PageLanguage::Nepali, PromiseStatus::Open) => "बाँकी",
        (PageLanguage::Nepali, PromiseStatus::Kept) => "पूरा भयो",
        (PageLanguage::Nepali, PromiseStatus::Broken) => "पूरा भएन",
        (PageLanguage::Nepali, PromiseStatus::Replaced) => "नयाँ मिति दिइयो",
    }
}

/// The word for a claim's status.
pub(in crate::pages) const fn claim(status: ClaimStatus, language: PageLanguage) -> &'static str {
    match (language, status) {
        (PageLanguage::English, ClaimStatus::Open) => "waits",
        (PageLanguage::English, ClaimStatus::Confirmed) => "confirmed",
        (PageLanguage::English, ClaimStatus::Rejected) => "rejected",
        (PageLanguage::Nepali, ClaimStatus::Open) => "जाँच्न बाँकी",
        (PageLanguage::Nepali, ClaimStatus::Confirmed) => "पक्का",
        (PageLanguage::Nepali, ClaimStatus::Rejected) => "अस्वीकृत",
    }
}

/// The word for a payment's status.
pub(in crate::pages) const fn payment(status: PaymentStatus, language: PageLanguage) -> &'static str {
    match (language, status) {
        (PageLanguage::English, PaymentStatus::Recorded) => "recorded",
        (PageLanguage::English, PaymentStatus::Reversed) => "reversed",
        (PageLanguage::Nepali, PaymentStatus::Recorded) => "लेखिएको",
        (PageLanguage::Nepali, PaymentStatus::Reversed) => "उल्ट्याइएको",
    }
}
