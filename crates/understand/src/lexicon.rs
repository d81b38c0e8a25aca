//! The words around the products: what a word can be a sign of. A word may be a sign of several things; which of them
//! the message means is decided in `intents`. A word found here is no product, unless a product is called exactly that.
//!
//! The lists are in romanised Nepali, English, and Devanagari where its Latin spelling is another; a star stands for any
//! ending. Spelling variants need no entry (see `normalise`).

use std::{
    collections::{BTreeSet, HashMap},
    sync::LazyLock,
};

use crate::{
    matching::ratio,
    normalise::{Kind, Token, skeleton, spell},
};

/// How many consonants a word must have to be known by them alone.
const LONG_BONES: usize = 4;
/// How alike the words must be all the same, in percent.
const HASTY: usize = 85;

/// What a word can be a sign of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Cue {
    /// Says nothing: politeness, grammar, addresses, qualities.
    Filler,
    /// Joins two products.
    And,
    /// Takes back what was said before it.
    Correction,
    /// A product is not wanted.
    NotWanted,
    Greeting,
    HowMuch,
    Price,
    /// A debt or what is left of a limit.
    Owed,
    /// Money, a payment.
    Money,
    /// A way to pay.
    Method,
    /// Somebody has paid.
    Paid,
    /// Somebody gave or sent something.
    Gave,
    /// Somebody did something.
    Did,
    /// Somebody will pay.
    WillPay,
    /// Somebody will give or do something.
    Will,
    /// The bare English verb.
    Pay,
    /// A day or a time.
    Day,
    Order,
    Goods,
    /// Asks for something to be sent or given.
    Want,
    Where,
    When,
    Arrived,
    NotArrived,
    Status,
    Cancel,
    Repeat,
    /// The same, that very one.
    Same,
    /// Like something.
    Like,
    /// Earlier, the last one.
    Before,
    Again,
    How,
    Help,
    Person,
    Talk,
    Wrong,
    Less,
    Came,
    /// The speaker did it.
    ByMe,
    Denied,
    What,
    Mine,
    Bill,
    More,
    /// Whether something can be had or done.
    Possible,
    /// Is there.
    Is,
}

const SIGNS: &[(Cue, &str)] = &[
    (
        Cue::Filler,
        "mero hamro mera hamra malai hamilai ma hami ta ni na hai la lau nai po hola hos ho cha chan chu chaun thiyo thie huncha hunchha hunch \
         paryo parcha paro garna garnu garnus garnuhos garnuhola gari garera garnuparyo dai bhai didi bahini sir madam hajur sahuji sauji saujee daju dada bro ji jyu jiu please plz pls kripaya kindly \
         lagi laagi lai bata dekhi samma sanga sita bhitra tira tir aba aile ahile chito chitto jaldi urgent turunta asap quick fast hurry pasal pasalma dokan dukan shop store \
         ramro ramra sasto naya taja thulo sano asal rasil quality jati matra matrai only just sabai jamma total kehi aru pheri auta wala bhaye bhayo bhaeko bhanera bhannu bhannus hera hernu hernus hernuhos garn gardai time gara parne list been anymore get next lina linu dina dui-char usai ajhai please dear respected \
         i we me my you your the a an is are am to for of in on at by from it this that these do does did can could would should will want wanna have has had some more also us our be was were as so if then there here which who wait \
         today now okay ok huss hus ani uh umm um yo tyo yi ti hajurle tapai tapaile hajurko dhanyabad kura delivery place vayo vaneko vane bhane ki ke kya hey re are yar yaar sathi saathi garne garnuparne milcha le hunu hunuhos bihana beluka diuso hunuhuncha \
         बाट लागि कृपया छ हो भने",
    ),
    (Cue::And, "ra r ani and tatha plus aani aur sangai sange अनि र तथा"),
    (
        Cue::Correction,
        "hoina haina hoena hoinna hoin hainna no not sorry galti instead actually badlera maf maaf maph होइन हैन माफ",
    ),
    (
        Cue::NotWanted,
        "dont nachahi* nachai* napath* napat* chahien* chaien* chahidaina chaidaina chaindaina chahindaina chahinna nachaine hatau* hataidinus remove naghal* नचाहि*",
    ),
    (
        Cue::Greeting,
        "namaste namaskar namaskaar namastey nmste hello helo hi hii hey hy good morning evening afternoon sanchai sanchei halkhabar khabar subha subh prabhat ratri dhanyabad dhanyawad thanks thank thankyou ty dhanebad नमस्ते नमस्कार धन्यवाद",
    ),
    (Cue::HowMuch, "kati katti kaati katiko katima howmuch many much कति"),
    (
        Cue::Price,
        "bhau bhaau bhaw rate rates ret dam daam mulya mulye mol price prices cost costs dar parcha parchha parxa भाउ दर रेट मूल्य दाम",
    ),
    (
        Cue::Owed,
        "baki baaki banki udharo udhaar udhari udhar hisab hisaab hisaab-kitab khata khaata balance balans due dues owe owed outstanding limit limits credit statement kista tirnu tirna tirnuparne \
         tirnuparcha rin kharcha bakyauta बाँकी उधारो ऋण खाता ब्यालेन्स",
    ),
    (
        Cue::Money,
        "paisa paise paisaa payment peyment paymnt rakam rupiya rupees rupee rupaiya rs ru npr nrs amount money पैसा रकम रु रुपैयाँ भुक्तानी पेमेन्ट",
    ),
    (
        Cue::Method,
        "esewa isewa khalti fonepay phonepay phonpe connectips connectip imepay ime bank banks mobilebanking cheque chek check cash nagad qr इसेवा ईसेवा खल्ती बैंक बैङ्क नगद चेक फोनपे",
    ),
    (
        Cue::Paid,
        "tire tiren tireko tireki tirie tiriyo tiryo tirya tirdie tirdiye tirdieko tirisak* tirsak* tirideko paid deposited deposit transferred transfered transferd transfer jamma जम्मा तिरे तिरेको तिरिसक* bhuktani",
    ),
    (
        Cue::Gave,
        "pathae pathaye pathayen pathaen pathaeko pathayeko pathaidie pathaidiye pathaidieko pathaisak* pathaidiyeko pathayo pathako diye die dieko diyeko dinusakyo haldie haldiye halideko haldeko halidie halidiye haleko hale sent send-gare pathaya",
    ),
    (
        Cue::Did,
        "gare garen gareko garye garesakeko garisak* garsak* garidie garidiye garidieko gardie gardiye gardieko gardiyeko garyo gareki mageko magaeko magayeko magaekai magayekai magako did done sakyo sake sakeko",
    ),
    (
        Cue::WillPay,
        "tirchu tirxu tirchhu tirnechu tirnexu tirne tirula tiraula tirumla tirdinchu tirdinxu tirdinchhu tiridinchu tirnchu tirchau tirchaun tirnechhu tirisakch* bujhauchu bujhaunchu bujhaula chuktagarchu milaunchu milauchu milaula milaidinchu chukaunchu chukaula",
    ),
    (
        Cue::Will,
        "dinchu dinxu dinechu dinexu diula diunla dinchhu pathaunchu pathauchu pathaunla pathaula pathaunechu pathaidinchu garchu garxu garnechu garnexu garula garunla garaula haldinchu halchu will shall gonna दिन्छु गर्छु पठाउँछु",
    ),
    (Cue::Pay, "pay tirn paying clear settle"),
    (
        Cue::Day,
        "bholi bholy parsi nikorsi aaja aja hapta haptaa week month mahina mahinaa aitabar aaitabar sombar mangalbar budhabar bihibar sukrabar shukrabar sanibar shanibar sunday monday tuesday wednesday thursday friday saturday tomorrow tmrw tommorow din baje भोलि पर्सि आज हप्ता",
    ),
    (Cue::Order, "order ordered ordar arder अर्डर odar"),
    (Cue::Goods, "saman samaan saaman maal mal goods item items delivery deliveri package parcel सामान माल"),
    (
        Cue::Want,
        "pathau pathaun* pathaidin* pathaide* pathaid pathaidyu pathaidiu pathainu* pathaedin* pathunu* pathaunu* patha* pataidin* pthau* pthai* chahiyo chaiyo chahiyeko chaiyeko chahincha chahinchha chahinxa chaincha chainchha chainxa chahio chahieko chahine chaine cahio \
         chaeko chayo chahieko chahanchu dinus dinu dinuhos dinuhola dinos dinhos dinush deu deuna dinuna diu diunus dena lyaidin* lyaide* lyau* lyaunu* magau* magaun* mangau* mangaun* kinn* kinna halidin* halnus haldin* rakhidin* garidin* send sends need needs want wants give deliver buy \
         order book chahinchu add rakhnus put",
    ),
    (Cue::Where, "kaha kahaa khai kahan where khoi कहाँ खै"),
    (Cue::When, "kahile kaile kahilesamma when katibela katikhera bela कहिले"),
    (
        Cue::Arrived,
        "pugyo pugcha pugchha pugxa puge pugyeko pugne aaipugyo aipugyo aaipugcha aipugcha aucha aauncha aunchha aaucha aaunchha auxa aauxa aauncha aune aaune aaudaicha track tracking reached arrive arrived पुग्यो आउँछ आइपुग्छ pathayo confirm confirmed ready",
    ),
    (
        Cue::NotArrived,
        "pugena pugeko-chaina aaena aayena aaipugena aipugena aaipugeko aipugeko ayena aaeko-chaina aaeko पुगेन आएन आइपुगेन",
    ),
    (Cue::Status, "status avastha stithi orders dispatch* shipped स्थिति"),
    (
        Cue::Cancel,
        "cancel* delete* cansel* kyansal* kensal* kyansil* radda rad radh rok roknus roka rokdinus rokidinus stoporder क्यान्सल रद्द",
    ),
    (Cue::Repeat, "repeat ripit dohor* reorder दोहोर*"),
    (
        Cue::Same,
        "ustai same sem tyehi tehi tei tyai tyahi tahi usual teti tetti tetinai uhi uhii uii sohi सोही उही त्यही",
    ),
    (Cue::Like, "jastai jasto jasta jasai jastei jaso jastoi jasko tesari ustai anusar जस्तै जस्तो"),
    (
        Cue::Before,
        "hijo hijoko hijokai pahile pahila paila pailako pahilako pahileko pahilekai pahilakai aghi aghiko aghillo agillo aghilo asti astiko gata gayeko last previous lasttime yesterday earlier before गएको हिजो पहिले अघि",
    ),
    (Cue::Again, "pheri feri pheeri phery again punah फेरि पुनः"),
    (Cue::How, "kasari kasri kasry how कसरी"),
    (
        Cue::Help,
        "help halp helpme sahayog sahayata madat maddat madad guide instruction instructions menu meenu start sikau* sikaidin* bujhina bujina bujhena options option मेनु मद्दत सहयोग",
    ),
    (
        Cue::Person,
        "manche manchhe mancheharu manchesanga manis maanchhe human agent operator staff malik maliksanga representative executive customercare mancheसँग मान्छेसँग मान्छे मान्छेसंग अपरेटर person someone somebody",
    ),
    (Cue::Talk, "kura bolna bolnu bolne talk speak call kol phone fon contact samparka chat customer care कुरा फोन कल"),
    (
        Cue::Wrong,
        "galat milena mildaina milenan mileko bigr* bigar* phut* fut* kharab dhunga kira charged overcharged wrong damage* broken missing short expire* expaire* sade* sadeko leak* chuhi* gunaso complaint complain defect* gayab harayo haraeko farak pharak bhije* phat* chyat* katiyeko katieko phirta firta return returned nakkali fake thagi dispute refund गलत बिग्र* फुट* मिलेन गुनासो",
    ),
    (Cue::Less, "kam kami ghati ghatyo less कम"),
    (
        Cue::Came,
        "aayo ayo aaeko aayeko ayeko aaechha aaecha aayecha रहेछ rahecha rahechha came received delivered payeko paaye आयो",
    ),
    (Cue::ByMe, "maile mailey mailay hamile मैले"),
    (Cue::Denied, "hoina haina chaina chhaina never होइन छैन"),
    (Cue::What, "ke k kya what whats"),
    (
        Cue::Possible,
        "sakcha sakchu sakxa sakincha work works milcha milchha मिल्छ paincha painchha painxa pauncha paunchha available stock",
    ),
    (Cue::Mine, "mero hamro my our मेरो हाम्रो"),
    (Cue::Bill, "bill bil bilma invoice बिल"),
    (Cue::More, "badhi jyada extra dherai बढी"),
    (Cue::Is, "cha chha xa chan छ"),
];

/// The signs by key; and those with any ending, longest first.
struct Signs {
    whole: HashMap<String, BTreeSet<Cue>>,
    beginnings: Vec<(String, Cue)>,
    /// Long words by their consonants, for the vowels that are left out in haste (namste).
    bones: HashMap<String, Vec<(String, Cue)>>,
    /// By the light spelling too, which keeps "will" apart from "bill".
    light: HashMap<String, BTreeSet<Cue>>,
}

static LEXICON: LazyLock<Signs> = LazyLock::new(|| {
    let mut signs =
        Signs { whole: HashMap::new(), beginnings: Vec::new(), light: HashMap::new(), bones: HashMap::new() };
    for (cue, words) in SIGNS {
        for word in words.split_whitespace() {
            let (word, open) = word.strip_suffix('*').map_or((word, false), |w| (w, true));
            let Kind::Word { key, light } = spell(word) else { continue };
            if open {
                signs.beginnings.push((key, *cue));
            } else {
                let bones = skeleton(&key);
                if bones.len() >= LONG_BONES {
                    signs.bones.entry(bones).or_default().push((key.clone(), *cue));
                }
                signs.light.entry(light).or_default().insert(*cue);
                signs.whole.entry(key).or_default().insert(*cue);
            }
        }
    }
    signs
});

/// What a word is a sign of. A whole word that is listed counts before an open beginning.
pub(crate) fn signs(token: &Token) -> BTreeSet<Cue> {
    let key = token.key();
    let listed = |key: &str| LEXICON.whole.get(key);
    if let Some(found) = LEXICON.light.get(token.light()).or_else(|| listed(key)) {
        return found.clone();
    }
    let open: BTreeSet<Cue> = {
        let fitting = || LEXICON.beginnings.iter().filter(|(beginning, _)| key.starts_with(beginning));
        let longest = fitting().map(|(beginning, _)| beginning.len()).max();
        fitting().filter(|(beginning, _)| Some(beginning.len()) == longest).map(|(_, cue)| *cue).collect()
    };
    if !open.is_empty() {
        return open;
    }
    // Postpositions are written together with the word before them as often as not.
    let without = ["sanga", "sita", "bata", "bat", "ma", "lai", "ko", "kai", "le", "samma", "haru"];
    without
        .iter()
        .filter_map(|ending| key.strip_suffix(ending))
        .filter(|rest| rest.len() >= 3)
        .find_map(listed)
        .cloned()
        .unwrap_or_else(|| hasty(key))
}

/// What a long word is a sign of that only lacks vowels.
fn hasty(key: &str) -> BTreeSet<Cue> {
    let bones = skeleton(key);
    let same = LEXICON.bones.get(&bones).into_iter().flatten();
    same.filter(|(word, _)| ratio(word, key) >= HASTY).map(|(_, cue)| *cue).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::normalise::tokens;

    #[test]
    fn endings_do_not_hide_a_word() {
        for (word, cue) in [
            ("pathaidinuhola", Cue::Want),
            ("पठाइदिनुहोस्", Cue::Want),
            ("esewabata", Cue::Method),
            ("मान्छेसँग", Cue::Person),
            ("pathaye", Cue::Gave),
            ("hisabko", Cue::Owed),
        ] {
            assert!(signs(&tokens(word)[0]).contains(&cue), "{word}");
        }
    }
}
