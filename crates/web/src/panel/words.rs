//! What the frame itself says, in both languages; and how a room writes its own words down.

use db::text_enum;

text_enum! {
    /// The language of a page.
    pub enum PageLanguage {
        /// Nepali in Devanagari.
        Nepali = "NE",
        /// English.
        English = "EN",
    }
}

impl PageLanguage {
    /// The tag of the language in HTML.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Nepali => "ne",
            Self::English => "en",
        }
    }

    /// The other one.
    pub const fn other(self) -> Self {
        match self {
            Self::Nepali => Self::English,
            Self::English => Self::Nepali,
        }
    }

    /// The language by its own name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nepali => "नेपाली",
            Self::English => "English",
        }
    }
}

/// Makes an enum of texts, each in both languages, so that none can be missing.
#[macro_export]
macro_rules! panel_words {
    ($(#[$doc:meta])* $vis:vis enum $name:ident { $($key:ident: $english:literal, $nepali:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $vis enum $name { $(#[doc = $english] $key),* }

        impl $name {
            /// The text in a language.
            $vis const fn text(self, language: $crate::panel::PageLanguage) -> &'static str {
                match language {
                    $crate::panel::PageLanguage::English => match self { $(Self::$key => $english),* },
                    $crate::panel::PageLanguage::Nepali => match self { $(Self::$key => $nepali),* },
                }
            }
        }
    };
}

panel_words! {
    /// Words that every page needs.
    pub enum Shared {
        Skip: "Skip to the content", "सिधै मुख्य भागमा जानुहोस्";
        Menu: "Menu", "मेनु";
        SignOut: "Sign out", "बाहिर निस्कनुहोस्";
        NextPage: "Next page", "अर्को पाना";
        Nothing: "Nothing here yet.", "अहिलेसम्म केही छैन।";
        NotFoundTitle: "Not found", "भेटिएन";
        NotFound: "There is no such page, or it is not yours to see.", "यस्तो पाना छैन, वा यो तपाईंले हेर्न मिल्ने होइन।";
        ForbiddenTitle: "Not possible", "मिल्दैन";
        Forbidden: "Your account may not do this, or the form is too old. Go back, load the page again and try once more.",
            "तपाईंको खाताले यो गर्न मिल्दैन, वा फाराम पुरानो भयो। फर्केर पाना फेरि खोल्नुहोस् र पुनः प्रयास गर्नुहोस्।";
        ConflictTitle: "Already sent", "पहिले नै पठाइएको";
        Conflict: "This form was sent before with other content. Open it again and check what was recorded.",
            "यो फाराम अर्कै विवरणसहित पहिले पठाइसकिएको छ। फेरि खोलेर के लेखिएको छ हेर्नुहोस्।";
        BusyTitle: "Too much at once", "एकैचोटि धेरै";
        Busy: "Nothing was done. Wait a moment and try again.", "केही गरिएन। एकछिन पर्खेर फेरि प्रयास गर्नुहोस्।";
        BadTitle: "This was not understood", "यो बुझिएन";
        Bad: "Go back and check the address or the form.", "फर्केर ठेगाना वा फाराम जाँच्नुहोस्।";
        BrokenTitle: "Something went wrong", "केही बिग्रियो";
        Broken: "The fault is on our side and nothing was done. Try again later.",
            "गल्ती हाम्रो तर्फबाट हो र केही गरिएन। पछि फेरि प्रयास गर्नुहोस्।";
        Home: "To the start page", "सुरुको पानामा";
        Required: "Please fill this in.", "कृपया यो भर्नुहोस्।";
        WrongAmount: "An amount in rupees, for example 4750.00.", "रुपैयाँमा रकम, जस्तै 4750.00।";
        WrongDate: "A date, for example 2026-03-31.", "मिति, जस्तै 2026-03-31।";
        Sure: "I have checked this. It cannot be taken back, only corrected by another entry.",
            "मैले जाँचें। यो मेटिँदैन, अर्को प्रविष्टिले मात्र सच्याउन मिल्छ।";
        NotSure: "Tick the box to go on.", "अघि बढ्न यहाँ चिन्ह लगाउनुहोस्।";
        Back: "Back", "फर्कनुहोस्";
        WrongNumber: "A whole number.", "पूर्ण संख्या।";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_language_says_it_in_its_own_letters() {
        let is_devanagari = |letter: char| ('\u{900}'..='\u{97f}').contains(&letter);
        for word in [Shared::Skip, Shared::SignOut, Shared::NotFound, Shared::Required] {
            assert!(word.text(PageLanguage::Nepali).chars().any(is_devanagari));
            assert!(!word.text(PageLanguage::English).chars().any(is_devanagari));
        }
        assert_eq!(PageLanguage::Nepali.other(), PageLanguage::English);
    }
}
