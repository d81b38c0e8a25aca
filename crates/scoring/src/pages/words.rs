//! What the pages say.

use web::panel_words;

panel_words! {
    /// The words of these pages.
    pub(super) enum Word {
        Active: "Active this month", "यो महिना सक्रिय";
        ActiveLast: "Active last month", "गत महिना सक्रिय";
        AverageOrder: "Average order", "औसत अर्डर";
        Back: "Back to the retailer", "पसलमा फर्कनुहोस्";
        Bands: "Retailers by score", "अंकअनुसार पसल";
        Band: "Band", "स्तर";
        Changed: "What changed", "के फेरियो";
        Component: "Made of", "केबाट बन्छ";
        Computed: "Computed", "हिसाब गरिएको";
        DaysBetween: "Days between orders", "अर्डरबीचका दिन";
        Day: "Day", "दिन";
        Favourites: "Bought most", "धेरै किनेको";
        Helps: "What would help most", "केले धेरै बढाउँछ";
        History: "History", "इतिहास";
        HistoryDescribed: "The score from 300 to 900; the table below has the same numbers.", "३०० देखि ९०० सम्मको अंक; तलको तालिकामा उही संख्या छन्।";
        Insights: "Insights", "कारोबारको झलक";
        LastMonth: "Last month", "गत महिना";
        Limit: "All limits", "सबै सीमा";
        Message: "The message on WhatsApp", "ह्वाट्सएपमा जाने सन्देश";
        NextDue: "Due next", "अब तिर्ने";
        NotYet: "Nothing is computed yet. It is done every night at three o'clock.", "अझै हिसाब भएको छैन। हरेक राति तीन बजे हुन्छ।";
        NothingBefore: "There is no score before this one.", "यसअघि कुनै अंक छैन।";
        NothingHelps: "Nothing is left to gain.", "बढाउन केही बाँकी छैन।";
        OnTime: "Paid on time", "समयमै तिरेको";
        Orders: "Orders delivered", "पुगेका अर्डर";
        Outstanding: "Owed", "तिर्न बाँकी";
        Overdue: "Overdue", "म्याद नाघेको";
        Points: "Points", "अंक";
        Queued: "It is being computed; look again in a moment.", "हिसाब हुँदैछ; केही बेरमा फेरि हेर्नुहोस्।";
        Regenerate: "Compute again now", "अहिले फेरि हिसाब गर्नुहोस्";
        Retailers: "Retailers", "पसल";
        Saving: "Saved by paying early", "चाँडै तिर्दा बचत";
        Score: "Credit score", "उधारो अंक";
        ScoreOf: "of 900", "९०० मा";
        Since: "Since", "देखि";
        Thin: "no payment to judge by yet", "भुक्तानीको विवरण अझै छैन";
        ThisMonth: "This month", "यो महिना";
        Used: "Credit used", "प्रयोग भएको उधारो";
        Value: "Value delivered", "पुगेको सामानको मोल";
        Why: "Why", "किन";
    }
}
