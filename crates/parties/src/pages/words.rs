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
