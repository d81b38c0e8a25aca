//! A place on the map that a retailer sends: after they were asked, it is where their goods are brought.

use db::{DbError, Tx};
use kernel::Context;
use parties::Retailer;
use whatsapp::payload::Content;

use crate::inbound::{Reply, Said, Turn};
use crate::session::Session;
use crate::{store, words};

/// The answer where the message is about a place; nothing where it is about something else.
pub(crate) async fn answer(
    tx: &mut Tx,
    cx: &Context,
    turn: &Turn<'_>,
    retailer: &Retailer,
    session: &Session,
) -> Result<Option<Reply>, DbError> {
    let language = session.language;
    if let Content::Location { .. } = &turn.message.content {
        let words = place(&turn.message.content).map(|place| place.text).unwrap_or_default();
        return Ok(Some(words::ask_place(language, &words, &turn.message.wamid)));
    }
    let Said::Pressed(id) = &turn.said else { return Ok(None) };
    if id == "place:no" {
        return Ok(Some(words::place_left(language)));
    }
    let Some(wamid) = id.strip_prefix("place:yes:") else { return Ok(None) };
    let sent = store::incoming_by_id(tx, wamid, &store::address(turn.message)).await?;
    let Some(place) = sent.and_then(|message| place(&message.content)) else {
        return Ok(Some(words::already_done(language)));
    };
    parties::set_retailer_place(tx, cx, retailer.id, &place.text, place.latitude_micro, place.longitude_micro).await?;
    Ok(Some(words::place_kept(language, &place.text)))
}

/// A place in the whole numbers that are stored.
struct Place {
    text: String,
    latitude_micro: i64,
    longitude_micro: i64,
}

fn place(content: &Content) -> Option<Place> {
    let Content::Location { latitude, longitude, name, address } = content else { return None };
    let is_on_earth = (-90.0..=90.0).contains(latitude) && (-180.0..=180.0).contains(longitude);
    let words = [name.as_deref(), address.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(", ");
    let text = if words.is_empty() { format!("{latitude:.5}, {longitude:.5}") } else { words };
    let (latitude_micro, longitude_micro) = (micro(*latitude)?, micro(*longitude)?);
    is_on_earth.then(|| Place { text: text.chars().take(200).collect(), latitude_micro, longitude_micro })
}

/// Degrees in millionths, through their decimal digits: there is no arithmetic with floating point in the house.
fn micro(degrees: f64) -> Option<i64> {
    format!("{degrees:.6}").replace('.', "").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degrees_become_millionths() {
        for (degrees, expected) in [(28.6, 28_600_000), (-0.000_001, -1), (81.616_667_4, 81_616_667), (0.0, 0)] {
            assert_eq!(micro(degrees), Some(expected));
        }
        assert_eq!(micro(f64::NAN), None);
        let far = Content::Location { latitude: 91.0, longitude: 0.0, name: None, address: None };
        assert!(place(&far).is_none());
    }
}
