//! What the pages of parties say.

use web::panel_words;

use crate::model::RetailerStatus;

panel_words! {
    /// The words of these pages.
    pub(super) enum Word {
        SignIn: "Sign in", "साइन इन";
        Login: "User name", "प्रयोगकर्ता नाम";
        Password: "Password", "पासवर्ड";
        Wrong: "The user name or the password is wrong.", "प्रयोगकर्ता नाम वा पासवर्ड मिलेन।";
        TooManyTries: "Too many tries. Wait a minute and try again.", "धेरै पटक प्रयास भयो। एक मिनेट पर्खेर फेरि प्रयास गर्नुहोस्।";
        NoPanel: "Retailers order and see their account on WhatsApp; this panel is for vendors and operators.",
            "पसलेहरूले WhatsApp बाटै अर्डर गर्ने र हिसाब हेर्ने हो; यो पाना थोक बिक्रेता र सञ्चालकका लागि हो।";
        Retailers: "Retailers", "पसलहरू";
        Search: "Name or phone", "नाम वा फोन";
        Find: "Search", "खोज्नुहोस्";
        Shop: "Shop", "पसल";
        Owner: "Owner", "साहु";
        Phone: "Phone", "फोन";
        Place: "Place", "ठाउँ";
        Status: "Status", "अवस्था";
        Pending: "waits for approval", "स्वीकृति बाँकी";
        Active: "active", "सक्रिय";
        Inactive: "inactive", "निष्क्रिय";
        Vendors: "Vendors", "थोक बिक्रेताहरू";
        NewRetailer: "New retailer", "नयाँ पसल";
        NewVendor: "New vendor", "नयाँ थोक बिक्रेता";
        Business: "Business", "व्यवसायको नाम";
        PhoneWithCode: "Phone, with country code", "फोन, देशको कोडसहित";
        PhoneHint: "The WhatsApp number, as in +977 9848000001.", "WhatsApp नम्बर, जस्तै +977 9848000001।";
        Position: "On the map", "नक्सामा ठाउँ";
        PositionHint: "Two degrees as a map shows them: 28.601944, 81.633889. It may be left empty.",
            "नक्साले देखाउने दुई अङ्क: 28.601944, 81.633889। खाली छोड्न पनि मिल्छ।";
        WrongPosition: "Two degrees with a comma between, as in 28.601944, 81.633889.",
            "बीचमा अल्पविराम राखी दुई अङ्क, जस्तै 28.601944, 81.633889।";
        WritesIn: "Gets messages in", "सन्देश पाउने भाषा";
        RomanNepali: "Nepali in Latin letters", "रोमन नेपाली";
        NumberPrefix: "Its cycles are numbered with", "भाकाको नम्बर सुरु हुने अक्षर";
        NumberPrefixHint: "2 to 6 letters that no other vendor has, as CRP in CRP-101.",
            "अरू कसैको नभएको २ देखि ६ अक्षर, जस्तै CRP-101 मा CRP।";
        Capacity: "Open orders that fill its day", "दिनमा भ्याउने अर्डर";
        PhoneTaken: "This phone is registered already.", "यो फोन पहिले नै दर्ता छ।";
        PrefixTaken: "These letters belong to another vendor.", "यी अक्षर अर्को थोक बिक्रेताको हो।";
    }
}

/// The word for a status.
pub(super) const fn status(status: RetailerStatus) -> Word {
    match status {
        RetailerStatus::Pending => Word::Pending,
        RetailerStatus::Active => Word::Active,
        RetailerStatus::Inactive => Word::Inactive,
    }
}

/// What would be right, in Nepali.
pub(super) fn in_nepali(right: &str) -> &'static str {
    match right {
        "1 to 120 characters" => "१ देखि १२० अक्षर",
        "a phone with country code, like +977 9848000001" => "देशको कोडसहितको फोन, जस्तै +977 9848000001",
        "at most 200 characters" => "बढीमा २०० अक्षर",
        "-90000000 to 90000000" | "-180000000 to 180000000" => "यस्तो ठाउँ पृथ्वीमा छैन",
        "2 to 6 capital letters" => "२ देखि ६ अङ्ग्रेजी अक्षर",
        "1 to 10000 open orders" => "१ देखि १०००० सम्म",
        _ => "यो मिलेन",
    }
}
