//! What the pages of orders say.

use credit::{PaymentMode, ReservationState};
use routing::{Ineligible, OfferState};
use web::panel::PageLanguage;
use web::panel_words;

use crate::OrderState;

panel_words! {
    /// The words of these pages.
    pub(super) enum Word {
        Orders: "Orders", "अर्डरहरू";
        Order: "Order", "अर्डर";
        Retailer: "Retailer", "पसल";
        Vendor: "Vendor", "थोक बिक्रेता";
        Total: "Total", "जम्मा";
        Paid: "Paid", "कसरी तिर्ने";
        State: "State", "अवस्था";
        AnyState: "any", "जुनसुकै";
        Search: "Code of the order, or phone of the shop", "अर्डरको कोड वा पसलको फोन";
        Find: "Search", "खोज्नुहोस्";
        Placed: "Begun", "सुरु";
        Since: "In this state since", "यो अवस्थामा";
        Place: "Goes to", "पुर्‍याउने ठाउँ";
        Reason: "Reason", "कारण";
        Again: "Tries again", "फेरि प्रयास";
        Earlier: "an earlier order", "पहिलेको अर्डर";
        Lines: "What was ordered", "के अर्डर भयो";
        Product: "Product", "सामान";
        Quantity: "Ordered", "अर्डर गरेको";
        Arrived: "Arrived", "पुगेको";
        Price: "Price of one", "एउटाको मूल्य";
        Amount: "Amount", "रकम";
        Log: "What happened", "के भयो";
        When: "When", "कहिले";
        Who: "Who", "कसले";
        Held: "Held on credit", "उधारोमा रोकिएको";
        Reservation: "Reservation", "रोकिएको उधारो";
        Reservations: "Held for orders", "अर्डरका लागि रोकिएको";
        Ended: "Ended", "टुङ्गिएको";
        Cycle: "Cycle", "भाका";
        Entry: "Entry of the book", "खाताको प्रविष्टि";
        Line: "Credit line", "उधारो खाता";
        Offers: "Offers", "प्रस्तावहरू";
        Until: "Answer until", "जवाफ दिने समय";
        Answered: "Answered", "जवाफ";
        Decision: "Why it went there", "किन त्यहाँ गयो";
        Score: "Score", "अङ्क";
        Chosen: "chosen", "छानिएको";
        ByRetailer: "retailer", "पसल";
        ByVendor: "vendor", "थोक बिक्रेता";
        Operator: "operator", "सञ्चालक";
        System: "platform", "प्रणाली";
        Back: "Back to the line", "उधारो खातामा फर्कनुहोस्";
        Board: "Orders under way", "चलिरहेका अर्डर";
        AllOrders: "All orders", "सबै अर्डर";
        Refresh: "Refresh", "ताजा गर्नुहोस्";
        Live: "Read anew every ten seconds. What ended is shown until midnight.", "हरेक दश सेकेन्डमा आफैं ताजा हुन्छ। सकिएका अर्डर आज रातिसम्म देखिन्छन्।";
        CouldNot: "These could not take it", "यिनीहरूले दिन सकेनन्";
        NobodyCould: "No wholesaler could take it.", "कुनै थोक बिक्रेताले दिन सकेनन्।";
        Availability: "stock", "मौज्दात";
        Proximity: "distance", "दूरी";
        Workload: "free hands", "कामको चाप";
        PriceScore: "price", "मूल्य";
        Reliability: "reliability", "भरोसा";
        Accept: "Accept", "स्वीकार";
        Reject: "Reject", "अस्वीकार";
        Dispatch: "Send it off", "पठाउनुहोस्";
        Deliver: "Confirm the delivery", "पुगेको पुष्टि";
        Ask: "Delivered, without the code", "पुग्यो, कोडबिना";
        Withdraw: "Go back on it", "पछि हट्ने";
        Route: "Next wholesaler", "अर्को बिक्रेता";
        Override: "Choose a wholesaler", "बिक्रेता छान्नुहोस्";
        Cancel: "Cancel", "रद्द";
        Fail: "Mark as failed", "असफल भएको";
        AcceptHint: "The shop is told at once. Send the goods off when they leave.", "पसललाई तुरुन्त खबर जान्छ। सामान निस्केपछि पठाइएको जनाउनुहोस्।";
        GoesOnHint: "The order goes to the best wholesaler that was not asked yet. Where there is none, it fails and the shop is told.",
            "अर्डर अहिलेसम्म नसोधिएका मध्ये सबैभन्दा राम्रो बिक्रेतालाई जान्छ। कोही नभए अर्डर असफल हुन्छ र पसललाई खबर जान्छ।";
        DispatchHint: "The shop is sent a code of four digits. Whoever brings the goods asks for it.", "पसललाई चार अङ्कको कोड जान्छ। सामान पुर्‍याउनेले त्यो कोड माग्नुपर्छ।";
        DeliverHint: "On credit the bill begins now. What did not arrive is not charged.", "उधारोमा भए बिल अहिले सुरु हुन्छ। नपुगेको सामानको पैसा लाग्दैन।";
        AskHint: "The shop is asked whether it has everything. If it is silent for two days, the delivery is booked.",
            "सबै सामान पुग्यो कि भनेर पसललाई सोधिन्छ। दुई दिनसम्म जवाफ नआए डेलिभरी पक्का मानिन्छ।";
        Asked: "The shop was asked whether it arrived", "सामान पुग्यो कि भनेर पसललाई सोधियो";
        OverrideHint: "Anyone may be chosen, also one that was asked before. The order check still holds.", "पहिले सोधिएको समेत जसलाई पनि छान्न मिल्छ। उधारोको जाँच भने लागू हुन्छ।";
        EndsHint: "What is held for it is free again, and both sides are told.", "यसका लागि रोकिएको सबै फुक्छ, र दुवै पक्षलाई खबर जान्छ।";
        Code: "Delivery code", "डेलिभरी कोड";
        CodeHint: "The four digits that the shop was sent.", "पसललाई पठाइएका चार अङ्क।";
        WithoutCode: "Without the code: how you know that it arrived.", "कोड नभए: सामान पुगेको कसरी थाहा भयो।";
        Short: "Something is missing", "केही पुगेन";
        ShortHint: "How many arrived. Leave empty what arrived whole.", "कति पुग्यो। पूरै पुगेको खाली छोड्नुहोस्।";
        Done: "Done.", "भयो।";
    }
}

/// The word for a state.
pub(super) const fn state(state: OrderState, language: PageLanguage) -> &'static str {
    let (english, nepali) = match state {
        OrderState::Draft => ("draft", "मस्यौदा"),
        OrderState::Placed => ("placed", "अर्डर भएको"),
        OrderState::Offered => ("before the vendor", "बिक्रेतासामु"),
        OrderState::Confirmed => ("confirmed", "स्वीकृत"),
        OrderState::Dispatched => ("on the way", "बाटोमा"),
        OrderState::Delivered => ("delivered", "पुगेको"),
        OrderState::Cancelled => ("cancelled", "रद्द"),
        OrderState::Failed => ("failed", "असफल"),
        OrderState::Expired => ("expired", "म्याद नाघेको"),
    };
    either(english, nepali, language)
}

const fn either(english: &'static str, nepali: &'static str, language: PageLanguage) -> &'static str {
    match language {
        PageLanguage::English => english,
        PageLanguage::Nepali => nepali,
    }
}

/// What the log says of why; people's own words as they are.
pub(super) const fn why(reason: &str, language: PageLanguage) -> &str {
    match reason.as_bytes() {
        b"NO_VENDOR" => either("no wholesaler could take it", "कुनै बिक्रेताले दिन सकेनन्", language),
        b"EXPIRED" => either("nobody answered in time", "समयमै जवाफ आएन", language),
        b"REJECTED" => either("the wholesaler rejected it", "बिक्रेताले अस्वीकार गरे", language),
        b"WITHDRAWN" => either("the wholesaler went back on it", "बिक्रेता पछि हटे", language),
        _ => reason,
    }
}

/// The word for how it is paid.
pub(super) const fn mode(mode: PaymentMode, language: PageLanguage) -> &'static str {
    match mode {
        PaymentMode::Credit => either("on credit", "उधारोमा", language),
        PaymentMode::Cash => either("in cash", "नगदमा", language),
    }
}

/// The word for what became of a reservation.
pub(super) const fn held(state: ReservationState, language: PageLanguage) -> &'static str {
    match state {
        ReservationState::Active => either("held", "रोकिएको", language),
        ReservationState::Released => either("given back", "फुकाइएको", language),
        ReservationState::Converted => either("turned into a cycle", "भाका बनेको", language),
    }
}

/// The word for what became of an offer.
pub(super) const fn offer(state: OfferState, language: PageLanguage) -> &'static str {
    match state {
        OfferState::Open => either("open", "जवाफ बाँकी", language),
        OfferState::Accepted => either("accepted", "स्वीकृत", language),
        OfferState::Rejected => either("rejected", "अस्वीकृत", language),
        OfferState::Expired => either("expired", "म्याद नाघेको", language),
        OfferState::Withdrawn => either("withdrawn", "फिर्ता लिइएको", language),
    }
}

/// Why a vendor could not take an order.
pub(super) fn ineligible(why: &Ineligible, language: PageLanguage) -> String {
    let is_english = language == PageLanguage::English;
    match why {
        Ineligible::AlreadyAsked => either("was asked before", "पहिले सोधिसकेको", language).to_owned(),
        Ineligible::NotSold { line } if is_english => format!("does not sell line {line}"),
        Ineligible::NotSold { line } => format!("{line} नम्बरको सामान बेच्दैन"),
        Ineligible::BelowMinimum { line, minimum } if is_english => format!("sells line {line} from {minimum} on"),
        Ineligible::BelowMinimum { line, minimum } => format!("{line} नम्बरको सामान कम्तीमा {minimum} चाहिन्छ"),
        Ineligible::NotEnoughStock { line, free } if is_english => format!("has {free} of line {line}"),
        Ineligible::NotEnoughStock { line, free } => format!("{line} नम्बरको सामान {free} मात्र छ"),
        Ineligible::OrderCheck { reasons } => {
            let reasons = reasons.iter().map(|code| credit::reason_word(code, language)).collect::<Vec<_>>();
            reasons.join("; ")
        }
    }
}
