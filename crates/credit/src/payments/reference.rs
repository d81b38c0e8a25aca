//! References of payments: which need one, and when two of them are the same. Pure.

use kernel::RetailerId;
use ledger::Method;

use crate::refusal::Refusal;

/// Characters that a reference may have.
const LONGEST_REFERENCE: usize = 100;

/// A reference as it was given, and what makes two of them the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reference {
    pub(crate) text: Option<String>,
    pub(crate) key: Option<String>,
}

/// Reads the reference of a payment. Every method but cash needs one.
pub(crate) fn read(given: Option<&str>, method: Method, retailer: RetailerId) -> Result<Reference, Refusal> {
    let text = given.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    if text.as_ref().is_some_and(|text| text.chars().count() > LONGEST_REFERENCE) {
        return Err(Refusal::Field { field: "reference", right: "at most 100 characters" });
    }
    let key = text.as_deref().and_then(|text| key(text, method, retailer));
    if method != Method::Cash && key.is_none() {
        return Err(Refusal::ReferenceRequired);
    }
    Ok(Reference { text, key })
}

/// What makes two references the same: letters and digits in capitals, however they are spaced. Numbers of cheques
/// repeat from one drawer to the next, so there the retailer belongs to it.
fn key(reference: &str, method: Method, retailer: RetailerId) -> Option<String> {
    let plain: String = reference.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect();
    if plain.is_empty() {
        return None;
    }
    Some(if method == Method::Cheque { format!("{plain}/{retailer}") } else { plain })
}

#[cfg(test)]
mod tests {
    use kernel::Id as _;

    use super::*;

    #[test]
    fn references_are_compared_by_letters_and_digits() {
        let retailer = RetailerId::from_bits(1);
        let of = |text, method| key(text, method, retailer);
        assert_eq!(of(" txn-001 a", Method::Esewa), of("TXN001A", Method::Esewa));
        assert_eq!(of("--", Method::Esewa), None);
        assert_ne!(of("77", Method::Cheque), key("77", Method::Cheque, RetailerId::from_bits(2)));
        assert_eq!(of("77", Method::Bank), key("77", Method::Bank, RetailerId::from_bits(2)));
        assert_eq!(read(Some(" - "), Method::Khalti, retailer), Err(Refusal::ReferenceRequired));
        assert_eq!(read(None, Method::Cash, retailer), Ok(Reference::default()));
        let given = read(Some(" TXN-1 "), Method::Esewa, retailer).unwrap();
        assert_eq!((given.text.as_deref(), given.key.as_deref()), (Some("TXN-1"), Some("TXN1")));
        let of_length = |length| read(Some(&"x".repeat(length)), Method::Cash, retailer).map_err(|bad| bad.code());
        assert!(of_length(100).is_ok());
        assert_eq!(of_length(101), Err("VALIDATION"));
    }
}
