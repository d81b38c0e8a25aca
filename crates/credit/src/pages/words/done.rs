//! What a page says after something was done.

use web::panel::PageLanguage;
use web::panel_words;

panel_words! {
    /// What was done.
    enum Done {
        Line: "The credit line is open.", "उधारो खाता खुल्यो।";
        Payment: "The payment is recorded and the retailer gets a receipt.", "भुक्तानी लेखियो र पसललाई रसिद गयो।";
        Change: "The change is saved; it counts from the next order on.", "फेरबदल सुरक्षित भयो; अर्को अर्डरदेखि लागू हुन्छ।";
        Pause: "Credit on this line is paused. What is owed stays.", "यो खाताको उधारो रोकियो। तिर्न बाँकी उही रहन्छ।";
        Block: "This line is blocked. Only an operator opens it again.", "यो खाता बन्द भयो। सञ्चालकले मात्र फेरि खोल्छ।";
        Resume: "Credit on this line is given again.", "यो खातामा फेरि उधारो दिइन्छ।";
        Claimed: "The claim is written down. Nothing counts before it is confirmed.", "तिरेँ भनेको लेखियो। पक्का नगरेसम्म गनिँदैन।";
        Confirm: "The claim is confirmed: the payment is recorded and the retailer gets a receipt.",
            "पक्का भयो: भुक्तानी लेखियो र पसललाई रसिद गयो।";
        Reject: "The claim is rejected and the retailer is told why.", "अस्वीकार भयो र पसललाई कारण सुनाइयो।";
        Promise: "The promise is written down. Reminders wait until then.", "तिर्ने वाचा लेखियो। त्यतिन्जेल ताकेता जाँदैन।";
        Note: "The note and the due date are saved.", "टिपोट र भाका मिति सुरक्षित भयो।";
        Dispute: "The dispute is open. Reminders, interest and overdue days stand still.",
            "गुनासो दर्ता भयो। ताकेता, ब्याज र भाका नाघेको दिन रोकिए।";
        Decide: "The dispute is decided.", "गुनासोको टुङ्गो लाग्यो।";
        Adjust: "The adjustment is in the book.", "मिलान खातामा लेखियो।";
        Close: "The cycle is closed; what was open is written off.", "भाका बन्द भयो; बाँकी रकम मिनाहा भयो।";
        Apply: "What was kept is used.", "पेश्की मिलाइयो।";
        Refund: "What was kept is given back.", "पेश्की फिर्ता दिइयो।";
        Reverse: "The payment is reversed. Its cycles are open again.", "भुक्तानी उल्ट्याइयो। यसले तिरेका भाका फेरि बाँकी छन्।";
        Approve: "The shop is approved and can order.", "पसल स्वीकृत भयो र अर्डर गर्न सक्छ।";
        Cap: "The cap over all lines is saved.", "सबै खाताको जम्मा सीमा सुरक्षित भयो।";
        PauseAll: "All credit of this retailer is paused.", "यो पसलको सबै उधारो रोकियो।";
        BlockAll: "This retailer is blocked. Only an operator gives credit again.", "यो पसल बन्द भयो। सञ्चालकले मात्र फेरि खोल्छ।";
        ResumeAll: "This retailer gets credit again.", "यो पसललाई फेरि उधारो दिइन्छ।";
        Ceiling: "The ceiling is saved.", "जम्मा सीमा सुरक्षित भयो।";
        Created: "It is entered. A credit line can be opened now.", "दर्ता भयो। अब उधारो खाता खोल्न सकिन्छ।";
    }
}

/// What the word of an address stands for; nothing where it stands for nothing.
pub(in crate::pages) fn done(word: &str, language: PageLanguage) -> Option<&'static str> {
    let done = match word {
        "line" => Done::Line,
        "payment" => Done::Payment,
        "change" => Done::Change,
        "pause" => Done::Pause,
        "block" => Done::Block,
        "resume" => Done::Resume,
        "claimed" => Done::Claimed,
        "confirm" => Done::Confirm,
        "reject" => Done::Reject,
        "promise" => Done::Promise,
        "note" => Done::Note,
        "dispute" => Done::Dispute,
        "decide" => Done::Decide,
        "adjust" => Done::Adjust,
        "close" => Done::Close,
        "apply" => Done::Apply,
        "refund" => Done::Refund,
        "reverse" => Done::Reverse,
        "approve" => Done::Approve,
        "cap" => Done::Cap,
        "pause-all" => Done::PauseAll,
        "block-all" => Done::BlockAll,
        "resume-all" => Done::ResumeAll,
        "ceiling" => Done::Ceiling,
        "created" => Done::Created,
        _ => return None,
    };
    Some(done.text(language))
}
