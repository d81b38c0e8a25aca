//! The web panel's frame: sessions, the page around every page, forms, tables, pictures, assets.
//!
//! Rooms give `pub fn pages() -> Router<App>` with paths below `/admin`; the binary merges them and wraps them once in
//! [`wrap`]. A handler takes [`Panel`] or [`OperatorPanel`] to show and [`Posted`] to change something; anything else
//! that it answers with problem details becomes a page. Pages are written on the server and work without scripts; htmx
//! only saves a reload where an answer is shown while someone types.
//!
//! Bounds: a session ends 12 hours after it was used last; only the hash of its cookie is stored. Each form carries the
//! session's token and comes from the panel's own origin, or it is refused; it also carries a key of its own, so that
//! sending it twice does it once. A request costs one statement for its session, and one more each minute.
//!
//! No business route, word or rule lives here.

mod assets;
mod chart;
mod form;
mod frame;
mod page;
mod session;
mod sheet;
mod store;
mod table;
mod words;

pub use chart::{Part, Point, Share, bar, columns, line, stack};
pub use form::{Errors, Fields, Form, Posted, PostedByGuest};
pub use frame::{Guest, MenuItem, OperatorPanel, Panel, wrap};
pub use page::{Html, day, moment, money, see_other};
pub use session::{IDLE_SECONDS, begin, end, end_all_of, go_on, session_cookie, set_language};
pub use sheet::{Sheet, done};
pub use table::{Column, next_page, number, plain, table, text};
pub use words::{PageLanguage, Shared};
