//! The people of the demo: shops and wholesalers of an invented Surkhet, and what things cost there.

/// A shop of the demo.
pub(crate) struct Shop {
    pub(crate) name: &'static str,
    pub(crate) owner: &'static str,
    pub(crate) place: &'static str,
    pub(crate) latitude_micro: i64,
    pub(crate) longitude_micro: i64,
    pub(crate) language: &'static str,
    /// How it pays: 0 before the due date, up to 3 late.
    pub(crate) habit: u8,
}

/// A wholesaler of the demo.
pub(crate) struct Wholesaler {
    pub(crate) name: &'static str,
    pub(crate) owner: &'static str,
    pub(crate) place: &'static str,
    pub(crate) latitude_micro: i64,
    pub(crate) longitude_micro: i64,
    pub(crate) prefix: &'static str,
    /// What it asks against the usual price, in per mille.
    pub(crate) price_per_mille: i64,
    /// Which categories it sells.
    pub(crate) sells: &'static [&'static str],
}

const fn shop(
    name: &'static str,
    owner: &'static str,
    place: &'static str,
    at: (i64, i64),
    language: &'static str,
    habit: u8,
) -> Shop {
    Shop { name, owner, place, latitude_micro: at.0, longitude_micro: at.1, language, habit }
}

/// The thirty shops.
pub(crate) const SHOPS: [Shop; 30] = [
    shop("Ram Kirana Pasal", "Ram Bahadur Thapa", "Birendranagar-6, Mangalgadhi", (28_601_900, 81_633_900), "RNE", 0),
    shop("Sita General Store", "Sita Sharma", "Birendranagar-4, Itram", (28_597_400, 81_618_200), "NE", 0),
    shop("Bulbule Khadya Bhandar", "Dil Maya Rana", "Birendranagar-3, Bulbule", (28_589_300, 81_629_100), "NE", 1),
    shop("Kankrebihar Traders", "Hari Prasad Gautam", "Birendranagar-9, Latikoili", (28_566_200, 81_640_500), "RNE", 0),
    shop("New Deurali Store", "Om Prakash Budha", "Birendranagar-12, Gadi", (28_612_700, 81_601_800), "RNE", 2),
    shop("Sapana Kirana", "Sapana B.K.", "Birendranagar-7, Nepal Chowk", (28_604_800, 81_640_700), "NE", 0),
    shop("Jwala Store", "Jwala Devi Oli", "Birendranagar-8, Jwala Chowk", (28_606_100, 81_627_300), "NE", 1),
    shop("Chhinchu Bazar Pasal", "Tek Bahadur B.C.", "Chhinchu, Bheriganga-2", (28_461_900, 81_706_200), "RNE", 0),
    shop("Mehelkuna Suppliers", "Nar Maya Gharti", "Mehelkuna, Gurbhakot-4", (28_428_600, 81_836_400), "RNE", 1),
    shop("Ramghat Kirana", "Prem Bahadur Khatri", "Ramghat, Bheriganga-7", (28_480_300, 81_773_800), "NE", 3),
    shop("Babiyachaur Pasal", "Lal Bahadur Shahi", "Babiyachaur, Simta-3", (28_687_500, 81_905_400), "RNE", 2),
    shop("Salkot General Store", "Mina Rokaya", "Salkot, Panchapuri-6", (28_731_300, 81_475_600), "NE", 0),
    shop("Gutu Khadya Pasal", "Padam Bahadur Sunar", "Gutu, Panchapuri-9", (28_758_400, 81_421_500), "RNE", 1),
    shop("Sahare Store", "Devi Sara Pun", "Sahare, Gurbhakot-8", (28_452_800, 81_893_200), "NE", 0),
    shop("Dasarathpur Traders", "Bishnu Prasad Acharya", "Dasarathpur, Lekbesi-5", (28_489_800, 81_633_500), "EN", 0),
    shop("Kalyan Kirana", "Kalpana Chaudhary", "Birendranagar-10, Khajura", (28_578_700, 81_652_400), "NE", 0),
    shop("Ghatgaun Pasal", "Gopal Adhikari", "Ghatgaun, Chaukune-4", (28_660_800, 81_316_400), "RNE", 1),
    shop("Awalching Suppliers", "Dhan Bahadur Regmi", "Awalching, Barahatal-2", (28_699_300, 81_553_100), "RNE", 0),
    shop("Pipira Store", "Kamala Khadka", "Birendranagar-11, Pipira", (28_594_900, 81_594_300), "NE", 2),
    shop("Subhaghat Kirana", "Ganesh Kumar Jaisi", "Subhaghat, Gurbhakot-6", (28_407_200, 81_801_900), "RNE", 0),
    shop("Karnali Mart", "Roshan Malla", "Birendranagar-6, Karnali Chowk", (28_600_300, 81_637_800), "EN", 0),
    shop("Himal Store", "Himal Tamang", "Birendranagar-5, Dharapani", (28_610_600, 81_648_900), "RNE", 1),
    shop("Siddha Kirana", "Siddha Raj Upadhyaya", "Birendranagar-2, Kalagaun", (28_583_300, 81_613_600), "NE", 0),
    shop("Bheri Pasal", "Tulasi Ram Nepali", "Bheriganga-4, Sattale", (28_517_400, 81_689_300), "NE", 3),
    shop("Shanti Bhandar", "Shanti Oli", "Birendranagar-1, Sahare", (28_620_100, 81_621_400), "RNE", 0),
    shop("Laxmi Kirana", "Laxmi Kumari Shah", "Birendranagar-4, Airport Road", (28_588_600, 81_635_900), "NE", 0),
    shop("Matela Store", "Khim Lal Devkota", "Matela, Gurbhakot-12", (28_497_700, 81_921_700), "RNE", 2),
    shop("Green Valley Mart", "Anish Shrestha", "Birendranagar-8, Yari Chowk", (28_607_900, 81_632_200), "EN", 0),
    shop("Telpani Kirana", "Bal Krishna Neupane", "Telpani, Lekbesi-9", (28_530_700, 81_585_800), "NE", 1),
    shop("Harre Pasal", "Jhupa Budhathoki", "Harre, Birendranagar-13", (28_628_500, 81_669_400), "NE", 0),
];

const fn wholesaler(
    name: &'static str,
    owner: &'static str,
    place: &'static str,
    at: (i64, i64),
    prefix: &'static str,
    price_per_mille: i64,
    sells: &'static [&'static str],
) -> Wholesaler {
    Wholesaler { name, owner, place, latitude_micro: at.0, longitude_micro: at.1, prefix, price_per_mille, sells }
}

const EVERYTHING: &[&str] = &["RICE", "FLOUR", "GROCERY", "DAL", "OIL", "PACKED", "HOME", "FRESH"];
const STAPLES: &[&str] = &["RICE", "FLOUR", "GROCERY", "DAL", "OIL"];
const PACKED: &[&str] = &["PACKED", "HOME", "OIL", "GROCERY"];

/// The eight wholesalers.
pub(crate) const WHOLESALERS: [Wholesaler; 8] = [
    wholesaler(
        "Karnali Traders",
        "Bhim Bahadur Shahi",
        "Birendranagar-6",
        (28_600_800, 81_635_300),
        "KRN",
        1_000,
        EVERYTHING,
    ),
    wholesaler(
        "Surkhet Khadya Udyog",
        "Rajendra Acharya",
        "Birendranagar-8",
        (28_605_500, 81_630_100),
        "SKU",
        985,
        STAPLES,
    ),
    wholesaler(
        "Bheri Wholesale",
        "Purna Gharti",
        "Chhinchu, Bheriganga-2",
        (28_462_800, 81_705_100),
        "BHR",
        992,
        EVERYTHING,
    ),
    wholesaler("Deuti Distributors", "Deuti Rawat", "Birendranagar-4", (28_596_300, 81_620_400), "DEU", 1_015, PACKED),
    wholesaler(
        "New Mahakali Suppliers",
        "Mahesh Joshi",
        "Birendranagar-9",
        (28_570_600, 81_638_700),
        "MHK",
        1_005,
        EVERYTHING,
    ),
    wholesaler(
        "Himalaya Dal & Rice Mill",
        "Ishwar Pokharel",
        "Birendranagar-10",
        (28_579_900, 81_650_300),
        "HIM",
        970,
        STAPLES,
    ),
    wholesaler(
        "Mehelkuna Bhandar",
        "Yam Prasad Lamsal",
        "Mehelkuna, Gurbhakot-4",
        (28_429_300, 81_835_200),
        "MEH",
        1_020,
        EVERYTHING,
    ),
    wholesaler(
        "Everest Packed Foods",
        "Sunita Maharjan",
        "Birendranagar-7",
        (28_603_600, 81_642_900),
        "EVR",
        990,
        PACKED,
    ),
];

/// The category and the usual price in rupees of each product of the catalogue.
pub(crate) const PRICES: [(&str, &str, i64); 38] = [
    ("RICE-JEERA", "RICE", 2_450),
    ("RICE-MANSULI", "RICE", 2_150),
    ("FLOUR-ATTA", "FLOUR", 720),
    ("FLOUR-MAIDA", "FLOUR", 3_450),
    ("SUGAR", "GROCERY", 4_600),
    ("SALT", "GROCERY", 560),
    ("DAL-MUSURO", "DAL", 4_350),
    ("DAL-RAHAR", "DAL", 6_300),
    ("DAL-CHANA", "DAL", 4_050),
    ("CHANA", "DAL", 3_900),
    ("PEAS", "DAL", 3_150),
    ("CHIURA", "RICE", 1_650),
    ("POTATO", "FRESH", 2_250),
    ("ONION", "FRESH", 2_800),
    ("OIL-MUSTARD", "OIL", 4_150),
    ("OIL-SUNFLOWER", "OIL", 2_760),
    ("OIL-SOYBEAN", "OIL", 2_520),
    ("GHEE", "OIL", 10_800),
    ("NOODLE-WAIWAI", "PACKED", 585),
    ("NOODLE-RARA", "PACKED", 570),
    ("NOODLE-CURRENT", "PACKED", 690),
    ("BISCUIT-GOODDAY", "PACKED", 960),
    ("BISCUIT-COCONUT", "PACKED", 900),
    ("TEA-TOKLA", "PACKED", 5_600),
    ("MILK-POWDER", "PACKED", 9_360),
    ("SOAP-LUX", "HOME", 3_600),
    ("SOAP-LIFEBUOY", "HOME", 2_880),
    ("DETERGENT", "HOME", 2_640),
    ("TOOTHPASTE", "HOME", 6_480),
    ("MATCHES", "HOME", 900),
    ("CANDLES", "HOME", 4_500),
    ("TURMERIC", "PACKED", 1_750),
    ("CUMIN", "PACKED", 5_400),
    ("CHILLI", "PACKED", 2_100),
    ("MASALA-MEAT", "PACKED", 3_500),
    ("EGGS", "FRESH", 480),
    ("COLA", "PACKED", 1_890),
    ("WATER", "PACKED", 210),
];
