//! The words of these pages.

use queue::{Queue, Standing};
use web::panel::PageLanguage;
use web::panel_words;

panel_words! {
    /// The words of these pages.
    pub(super) enum Word {
        Queues: "Queues", "कामका लामहरू";
        Queue: "Queue", "लाम";
        Ready: "Ready", "तयार";
        Delayed: "Waiting", "समय पर्खँदै";
        Running: "At work", "चलिरहेका";
        Dead: "Dead", "मरेका";
        Oldest: "Oldest waits", "सबैभन्दा पुरानो";
        DoneToday: "Done in 24 h", "२४ घण्टामा सकिएका";
        FailedToday: "Failed tries in 24 h", "२४ घण्टामा असफल";
        DoneLately: "Done since the last full hour", "अघिल्लो घण्टादेखि सकिएका";
        Concurrency: "At once, in each process", "एकै पटक, प्रति प्रोसेस";
        HeldTag: "held", "रोकिएको";
        GoesOn: "going on", "चालु";
        HeldBy: "Held by", "रोक्ने";
        Since: "since", "देखि";
        Jobs: "Jobs", "कामहरू";
        Job: "Job", "काम";
        Kind: "Kind", "किसिम";
        State: "State", "अवस्था";
        AllStates: "all states", "सबै अवस्था";
        Show: "Show", "देखाउनुहोस्";
        Queued: "Queued", "राखिएको";
        RunsAt: "Runs from", "चल्ने समय";
        Tries: "Tries", "प्रयास";
        Error: "Error", "त्रुटि";
        Errors: "Tries that failed", "असफल प्रयासहरू";
        When: "When", "कहिले";
        Payload: "What it works with", "कामको विवरण";
        UniqueKey: "Does the work of", "यसको काम";
        OrderKey: "In order with", "यसको क्रममा";
        Progress: "How far", "कति भयो";
        Reason: "Reason", "कारण";
        OlderThan: "Dead for at least so many days", "कम्तीमा यति दिनदेखि मरेका";
        OlderThanHint: "0 deletes all dead jobs of the queue", "0 ले लामका सबै मरेका काम हटाउँछ";
        OfKind: "Only of this kind; all where it is empty", "यो किसिमका मात्र; खाली भए सबै";
        Pause: "Hold the queue", "लाम रोक्नुहोस्";
        PauseHint: "What is at work ends; nothing more is begun, in any process.", "चलिरहेका काम सकिन्छन्; नयाँ काम कुनै प्रोसेसमा सुरु हुँदैन।";
        Resume: "Let it go on", "फेरि चलाउनुहोस्";
        RetryAll: "Try the dead again", "मरेका फेरि चलाउनुहोस्";
        RetryAllHint: "Each gets three new tries. Up to 5000 at a time.", "प्रत्येकले तीन नयाँ प्रयास पाउँछ। एक पटकमा ५००० सम्म।";
        Clean: "Delete dead jobs", "मरेका काम हटाउनुहोस्";
        CleanHint: "What they were to do is not done. Up to 5000 at a time.", "तिनले गर्नुपर्ने काम हुँदैन। एक पटकमा ५००० सम्म।";
        Retry: "Try again", "फेरि चलाउनुहोस्";
        RetryHint: "It gets three new tries; its errors are kept.", "यसले तीन नयाँ प्रयास पाउँछ; त्रुटिहरू रहन्छन्।";
        Delete: "Delete the job", "काम हटाउनुहोस्";
        DeleteHint: "What it was to do is not done. The audit log keeps it.", "यसले गर्नुपर्ने काम हुँदैन। अभिलेखमा रहन्छ।";
        Done: "It is done.", "भयो।";
        Schedules: "Schedules", "समय तालिका";
        Schedule: "Schedule", "काम";
        LastRun: "Last run", "पछिल्लो पटक";
        Result: "Result", "नतिजा";
        NextRun: "Next", "अर्को";
        RunNow: "Run now", "अहिले चलाउनुहोस्";
        AskedFor: "A run is asked for; it begins within seconds.", "चलाउन भनियो; केही सेकेन्डमा सुरु हुन्छ।";
        NotYet: "not yet", "अहिलेसम्म छैन";
        ByHand: "by hand", "हातले";
        Earlier: "Earlier runs", "अघिका पटकहरू";
    }
}

panel_words! {
    /// Why something is not done.
    pub(super) enum Why {
        NotDead: "The job is not dead any more.", "यो काम अब मरेको छैन।";
        AtWork: "The job is at work; wait until it ends.", "काम चलिरहेको छ; सकिउन्जेल पर्खनुहोस्।";
        WaitsAlready: "A job that does the same waits already.", "यही काम गर्ने अर्को पहिल्यै पर्खिरहेको छ।";
        Held: "The queue is held already.", "लाम पहिल्यै रोकिएको छ।";
        NotHeld: "The queue is not held.", "लाम रोकिएको छैन।";
        UnderWay: "A run is asked for or under way already.", "पहिल्यै चलाउन भनिएको वा चलिरहेको छ।";
        Unknown: "It is done, or was deleted.", "यो सकियो वा हटाइयो।";
        Days: "a whole number of days, 0 or more", "दिनको पूर्ण संख्या, 0 वा बढी";
    }
}

impl From<crate::deeds::Refusal> for Why {
    fn from(refusal: crate::deeds::Refusal) -> Self {
        use crate::deeds::Refusal;
        match refusal {
            Refusal::UnknownJob | Refusal::UnknownSchedule => Self::Unknown,
            Refusal::NotDead => Self::NotDead,
            Refusal::AtWork => Self::AtWork,
            Refusal::WaitsAlready => Self::WaitsAlready,
            Refusal::Held => Self::Held,
            Refusal::NotHeld => Self::NotHeld,
            Refusal::UnderWay => Self::UnderWay,
        }
    }
}

/// What a queue does.
pub(super) const fn queue(queue: Queue, language: PageLanguage) -> &'static str {
    let (english, nepali) = match queue {
        Queue::Whatsapp => ("outgoing messages", "बाहिर जाने सन्देश"),
        Queue::CreditScore => ("credit scores", "उधारो अंक"),
        Queue::OrderRouting => ("routing and next vendors", "थोक बिक्रेता छनोट"),
        Queue::PaymentReminders => ("reminders", "तिर्ने सम्झना"),
        Queue::ReportGeneration => ("large exports", "ठूला प्रतिवेदन"),
        Queue::OrderProcessing => ("incoming messages", "आउने सन्देश"),
    };
    match language {
        PageLanguage::English => english,
        PageLanguage::Nepali => nepali,
    }
}

/// The state of a job.
pub(super) fn state(state: &str, language: PageLanguage) -> &'static str {
    let word = match state {
        "READY" => Word::Ready,
        "RUNNING" => Word::Running,
        _ => Word::Dead,
    };
    word.text(language)
}

/// How a run stands.
pub(super) const fn standing(standing: Standing, language: PageLanguage) -> &'static str {
    let (english, nepali) = match standing {
        Standing::Wanted => ("asked for", "चलाउन भनिएको"),
        Standing::Running => ("running", "चलिरहेको"),
        Standing::Done => ("done", "सकियो"),
        Standing::Failed => ("failed", "असफल"),
    };
    match language {
        PageLanguage::English => english,
        PageLanguage::Nepali => nepali,
    }
}

/// The name of a schedule; its own words where no others are known.
pub(super) fn schedule(name: &'static str, language: PageLanguage) -> &'static str {
    if language == PageLanguage::English {
        return name;
    }
    match name {
        "offers past their deadline" => "म्याद नाघेका प्रस्ताव",
        "offers that end soon" => "म्याद सकिन लागेका प्रस्ताव",
        "silent deliveries" => "जवाफ नआएका डेलिभरी",
        "unfinished carts" => "अधुरा अर्डर",
        "expired carts" => "म्याद सकिएका अधुरा अर्डर",
        "old answers" => "पुराना जवाफ",
        "vendor reliability" => "थोक बिक्रेताको भरपर्दोपन",
        other => other,
    }
}
