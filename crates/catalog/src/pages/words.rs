//! What the pages of the catalogue say.

use web::panel_words;

panel_words! {
    /// The words of these pages.
    pub(super) enum Word {
        Products: "Products", "सामानहरू";
        NewProduct: "New product", "नयाँ सामान";
        Added: "The product is in the catalogue. Vendors can sell it now.", "सामान सूचीमा थपियो। अब थोक बिक्रेताले बेच्न सक्छन्।";
        Search: "Name or short name", "नाम वा छोटो नाम";
        Find: "Search", "खोज्नुहोस्";
        Sku: "Short name", "छोटो नाम";
        SkuHint: "As files and vendors write it, unique: RICE-JEERA-25.", "फाइल र बिक्रेताले लेख्ने, एउटा मात्र: RICE-JEERA-25।";
        Name: "Name in English", "अङ्ग्रेजी नाम";
        NameNe: "Name in Nepali", "नेपाली नाम";
        Unit: "Sold by", "एकाइ";
        UnitHint: "What is ordered: bora, carton, tin.", "के गनेर अर्डर हुन्छ: bora, carton, tin।";
        Pack: "One unit holds", "एक एकाइमा";
        PackQuantity: "One unit holds, number", "एक एकाइमा कति";
        PackUnit: "One unit holds, of what", "एक एकाइमा के";
        PackHint: "As 25 and kg. Both or none.", "जस्तै 25 र kg। दुवै वा कुनै होइन।";
        Category: "Category", "प्रकार";
        Aliases: "Further words that people type for it", "मानिसले लेख्ने अरू नाम";
        AliasesHint: "With commas between.", "बीचमा अल्पविराम राख्नुहोस्।";
        Taken: "Another product has this short name.", "यो छोटो नाम अर्को सामानको हो।";
        Status: "Status", "अवस्था";
        Active: "can be ordered", "अर्डर गर्न मिल्छ";
        Inactive: "taken out", "हटाइएको";
        Edit: "Change", "फेर्नुहोस्";
        Save: "Save", "राख्नुहोस्";
        Saved: "Saved.", "राखियो।";
        Stale: "Someone changed this since you opened it. Nothing was saved; what holds now stands below.", "तपाईंले खोलेपछि अरूले यो फेरे। केही राखिएन; अहिले जे छ तल छ।";
        InactiveHint: "What is taken out cannot be ordered; orders that name it keep it.", "हटाइएको सामान अर्डर गर्न मिल्दैन; पहिलेका अर्डरमा भने रहन्छ।";
        Vendor: "Vendor", "थोक बिक्रेता";
        Stock: "Stock and prices", "मौज्दात र मूल्य";
        AddToList: "Sell another product", "अर्को सामान बेच्ने";
        Upload: "Upload a list", "सूची अपलोड";
        Product: "Product", "सामान";
        Price: "Price of one", "एउटाको मूल्य";
        PriceHint: "Rupees for one unit, VAT included.", "एक एकाइको रुपैयाँ, भ्याटसहित।";
        InStore: "In store", "गोदाममा";
        Held: "Held by orders", "अर्डरले रोकेको";
        Minimum: "Sold from", "कम्तीमा";
        Available: "sold", "बेचिन्छ";
        NotAvailable: "not sold now", "अहिले बेचिँदैन";
        SellNow: "Sold now", "अहिले बेच्ने";
        Terms: "Price and conditions", "मूल्य र सर्त";
        MoveStock: "Change the stock", "मौज्दात फेर्नुहोस्";
        Reason: "Why", "किन";
        Quantity: "How many units", "कति एकाइ";
        QuantityHint: "So many more or fewer; of a count, how many there are.", "यति थपिने वा घट्ने; गनेको भए जम्मा कति छ।";
        Note: "Note", "टिप्पणी";
        Moves: "Changes of stock", "मौज्दातका फेरबदल";
        Prices: "Prices so far", "अहिलेसम्मका मूल्य";
        When: "When", "कहिले";
        Change: "Change", "फेरबदल";
        Received: "came in", "आयो";
        Returned: "came back", "फिर्ता आयो";
        SoldOut: "was sold", "बिक्यो";
        Lost: "was lost or broken", "हरायो वा बिग्रियो";
        Counted: "was counted", "गनियो";
        Uploaded: "uploaded list", "अपलोड गरेको सूची";
        NoSuchProduct: "The catalogue has no product of this short name.", "यो छोटो नामको सामान सूचीमा छैन।";
    }
}
