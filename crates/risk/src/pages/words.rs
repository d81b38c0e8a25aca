//! The words of the pages of risk.

use web::panel::PageLanguage;

use crate::guardrails::AtRiskReason;
use crate::model::{ActionKind, AlertState, Ending};
use crate::rules::Category;
use crate::score::Level;

web::panel_words! {
    /// A word of the pages.
    pub(super) enum Word {
        Watch: "Watch", "निगरानी";
        AtRisk: "At risk", "जोखिममा";
        Shop: "Shop", "पसल";
        Score: "Risk score", "जोखिम अङ्क";
        Used: "Used", "चलेको";
        Of: "of", "मध्ये";
        Overdue: "Overdue", "म्याद नाघेको";
        Why: "Why", "किन";
        Alerts: "Alerts", "चेतावनी";
        AllAlerts: "Those that are resolved, too", "टुङ्गिएका पनि";
        Since: "Since", "देखि";
        State: "State", "अवस्था";
        Open: "open", "खुला";
        Seen: "seen", "हेरियो";
        Resolved: "resolved", "टुङ्गियो";
        CauseGone: "its cause is gone", "कारण हट्यो";
        Acknowledge: "I have seen it", "मैले हेरेँ";
        Resolve: "Resolve", "टुङ्ग्याउने";
        Note: "What was done", "के गरियो";
        NoteHint: "It stands beside the alert and in the audit log.", "यो चेतावनी र अभिलेखमा रहन्छ।";
        Actions: "What the rules did", "नियमले गरेका काम";
        What: "What", "के";
        When: "When", "कहिले";
        Pause: "paused", "उधारो रोकियो";
        Cut: "limit cut", "सीमा घट्यो";
        Restore: "limit given back", "सीमा फर्कियो";
        Lifted: "lifted by itself", "आफैं खुल्यो";
        Undone: "undone by an operator", "अपरेटरले उल्टायो";
        GivenBack: "given back", "फिर्ता भयो";
        Overridden: "the limit was changed since", "सीमा पछि बदलियो";
        InForce: "in force", "लागू छ";
        Undo: "Undo", "उल्टाउने";
        UndoHint: "A pause is lifted, a cut is given back. The same cause does not act again.",
            "रोकेको उधारो खुल्छ, घटेको सीमा फर्किन्छ। त्यही कारणले फेरि हुँदैन।";
        Reason: "Reason", "कारण";
        ReasonHint: "It stands in the audit log.", "यो अभिलेखमा रहन्छ।";
        LongWrong: "1 to 500 characters.", "१ देखि ५०० अक्षर।";
        Stale: "Somebody changed it meanwhile. Please look and try again.", "यसबीचमा अरूले बदलेछन्। हेरेर फेरि गर्नुहोस्।";
        AlreadyResolved: "The alert is resolved already.", "चेतावनी टुङ्गिसकेको छ।";
        Over: "This is over, or the limit was changed since. Change the limit itself.",
            "यो सकियो वा सीमा पछि बदलियो। सीमा नै बदल्नुहोस्।";
        Rules: "Rules", "नियम";
        Rule: "Rule", "नियम";
        Values: "Values", "मान";
        Version: "Version", "संस्करण";
        Default: "by default", "सुरुको";
        Change: "Change", "बदल्ने";
        Enabled: "The rule acts", "नियम चल्छ";
        Off: "off", "बन्द";
        History: "Earlier versions", "पहिलेका संस्करण";
        Who: "Who", "कसले";
        WhatIf: "What if", "यदि यस्तो भए";
        WhatIfHint: "Any values of the rules, played over the days that were. Nothing is done.",
            "नियमका मान बितेका दिनमा चलाएर हेर्ने। केही गरिँदैन।";
        From: "From", "देखि";
        To: "To", "सम्म";
        Play: "Play", "चलाउने";
        Asked: "Asked", "सोधिएको";
        Now: "In force now", "अहिलेको";
        Paused: "Pauses", "रोक";
        PausedDays: "Days paused", "रोकिएका दिन";
        Cuts: "Cuts", "घटेका";
        Restores: "Given back", "फर्केका";
        HighScores: "Alerts: high score", "चेतावनी: उच्च अङ्क";
        Spikes: "Alerts: spike of orders", "चेतावनी: अर्डरको उछाल";
        UsedUp: "Alerts: nearly used up", "चेतावनी: सकिन लागेको";
        Stopped: "Orders stopped", "रोकिने अर्डर";
        StoppedAmount: "They came to", "तिनको रकम";
        Saved: "Saved: later overdue", "जोगिने: पछि म्याद नाघेको";
        Lost: "Lost sales: paid in time", "गुम्ने बिक्री: समयमा तिरेको";
        Undecided: "Not due yet", "म्याद बाँकी";
        ByMonth: "By month", "महिना अनुसार";
        Month: "Month", "महिना";
        ByShop: "By shop", "पसल अनुसार";
        Touched: "shops would have been touched", "पसललाई छोइन्थ्यो";
        Better: "What is saved is more than what is lost.", "जोगिने रकम गुम्नेभन्दा बढी छ।";
        Worse: "What is lost is more than what is saved.", "गुम्ने रकम जोगिनेभन्दा बढी छ।";
        Even: "Nothing would have been stopped.", "केही रोकिने थिएन।";
        Download: "Download as CSV", "CSV डाउनलोड";
        OverdueReason: "something is overdue", "म्याद नाघेको छ";
        UtilisationReason: "80 % or more is used", "८० % वा बढी चलेको";
        DueSoonReason: "due within 3 days, more than half used", "३ दिनभित्र तिर्नुपर्ने, आधाभन्दा बढी चलेको";
        ScoreReason: "risk score of 40 or more", "जोखिम अङ्क ४० वा बढी";
        ConsecutiveDelays: "Delays in a row cut limits", "लगातार ढिलाइले सीमा घटाउँछ";
        OverdueBlock: "Long overdue pauses credit", "धेरै ढिलाइले उधारो रोक्छ";
        HighRiskScore: "Alert: high score", "चेतावनी: उच्च अङ्क";
        OrderSpike: "Alert: spike of orders", "चेतावनी: अर्डरको उछाल";
        HighUtilisation: "Alert: nearly used up", "चेतावनी: सकिन लागेको";
        LimitRestore: "A clean time gives cuts back", "सफा समयले सीमा फर्काउँछ";
        Weights: "Weights of the score", "अङ्कको भार";
        Delays: "Delays in a row", "लगातार ढिलाइ";
        CutPercent: "Cut by, per cent", "घटाउने प्रतिशत";
        AllowedDays: "Days", "दिन";
        LiftsItself: "The pause lifts by itself", "आफैं खुल्छ";
        ScoreFrom: "Score from", "अङ्क यतिबाट";
        Times: "Times the usual", "सधैंको यति गुणा";
        Percent: "Per cent of all limits", "सबै सीमाको प्रतिशत";
        Delay: "Delay", "ढिलाइ";
        Utilisation: "Utilisation", "चलेको";
        Consecutive: "Consecutive delays", "लगातार ढिलाइ";
        Spike: "Order spike", "अर्डरको उछाल";
        Low: "low", "कम";
        Medium: "medium", "मध्यम";
        High: "high", "उच्च";
        Nobody: "Nobody is at risk.", "कोही जोखिममा छैन।";
        Quiet: "There is nothing to look at.", "हेर्नुपर्ने केही छैन।";
    }
}

/// What a rule is called.
pub(super) const fn category(category: Category) -> Word {
    match category {
        Category::ConsecutiveDelays => Word::ConsecutiveDelays,
        Category::OverdueBlock => Word::OverdueBlock,
        Category::HighRiskScore => Word::HighRiskScore,
        Category::OrderSpike => Word::OrderSpike,
        Category::HighUtilisation => Word::HighUtilisation,
        Category::LimitRestore => Word::LimitRestore,
        Category::Weights => Word::Weights,
    }
}

/// What a value of a rule is called.
pub(super) fn value(category: Category, name: &str) -> Option<Word> {
    Some(match (category, name) {
        (_, "enabled") => Word::Enabled,
        (_, "delays") => Word::Delays,
        (_, "cutPercent") => Word::CutPercent,
        (_, "days") => Word::AllowedDays,
        (_, "liftsItself") => Word::LiftsItself,
        (_, "score") => Word::ScoreFrom,
        (_, "times") => Word::Times,
        (_, "percent") => Word::Percent,
        (Category::Weights, "delay") => Word::Delay,
        (Category::Weights, "utilisation") => Word::Utilisation,
        (Category::Weights, "consecutiveDelays") => Word::Consecutive,
        (Category::Weights, "orderSpike") => Word::Spike,
        _ => return None,
    })
}

pub(super) const fn reason(reason: AtRiskReason) -> Word {
    match reason {
        AtRiskReason::Overdue => Word::OverdueReason,
        AtRiskReason::Utilisation => Word::UtilisationReason,
        AtRiskReason::DueSoon => Word::DueSoonReason,
        AtRiskReason::RiskScore => Word::ScoreReason,
    }
}

pub(super) const fn level(level: Level) -> (Word, &'static str) {
    match level {
        Level::Low => (Word::Low, "good"),
        Level::Medium => (Word::Medium, "warn"),
        Level::High => (Word::High, "bad"),
    }
}

pub(super) const fn action(kind: ActionKind) -> Word {
    match kind {
        ActionKind::Pause => Word::Pause,
        ActionKind::Cut => Word::Cut,
        ActionKind::Restore => Word::Restore,
    }
}

pub(super) const fn ending(how: Option<Ending>) -> Word {
    match how {
        None => Word::InForce,
        Some(Ending::Lifted) => Word::Lifted,
        Some(Ending::Undone) => Word::Undone,
        Some(Ending::Restored) => Word::GivenBack,
        Some(Ending::Overridden) => Word::Overridden,
    }
}

pub(super) const fn state(state: AlertState) -> Word {
    match state {
        AlertState::Open => Word::Open,
        AlertState::Acknowledged => Word::Seen,
        AlertState::Resolved => Word::Resolved,
    }
}

/// So many days.
pub(super) fn days(language: PageLanguage, days: i64) -> String {
    match language {
        PageLanguage::English => kernel::counted(days, "day"),
        PageLanguage::Nepali => format!("{days} दिन"),
    }
}
