//! Tables whose rows become a few lines each on a narrow screen: each cell knows the heading of its column.

use maud::{Markup, html};

use super::words::{PageLanguage, Shared};

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    label: &'static str,
    is_number: bool,
    is_plain: bool,
}

/// A column of words.
pub const fn text(label: &'static str) -> Column {
    Column { label, is_number: false, is_plain: false }
}

/// A column of words that say by themselves what they are, such as names: on a narrow screen they stand without heading.
pub const fn plain(label: &'static str) -> Column {
    Column { label, is_number: false, is_plain: true }
}

/// A column of numbers, which stand below one another.
pub const fn number(label: &'static str) -> Column {
    Column { label, is_number: true, is_plain: false }
}

/// A table with what it is called; the first column names its rows. Says so where it is empty.
pub fn table(language: PageLanguage, caption: &str, columns: &[Column], rows: Vec<Vec<Markup>>) -> Markup {
    // Roles are spelled out: as cards the rows are no table to a browser any more, but they are to a reader.
    html! {
        @if rows.is_empty() {
            p.nothing { (Shared::Nothing.text(language)) }
        } @else {
            table.cards role="table" {
                caption { (caption) }
                thead role="rowgroup" {
                    tr role="row" {
                        @for column in columns {
                            th role="columnheader" scope="col" .num[column.is_number] { (column.label) }
                        }
                    }
                }
                tbody role="rowgroup" {
                    @for row in rows {
                        tr role="row" {
                            @for (place, (cell, column)) in row.iter().zip(columns).enumerate() {
                                @if place == 0 {
                                    th role="rowheader" scope="row" { (cell) }
                                } @else {
                                    td role="cell" .none[cell.0 == "–"] .num[column.is_number] .plain[column.is_plain] data-label=(column.label) { span { (cell) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The link to the next page of a list, where there is one, with what else the address says.
pub fn next_page(language: PageLanguage, kept: &[(&str, &str)], next: Option<&str>) -> Markup {
    html! {
        @if let Some(next) = next {
            @let mut query = form_urlencoded::Serializer::new(String::new());
            @let query = query.extend_pairs(kept).append_pair("after", next).finish();
            p { a.button rel="next" href={ "?" (query) } { (Shared::NextPage.text(language)) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_escaped_and_know_their_heading() {
        let rows = vec![vec![html! { "<b>" }, html! { "1" }]];
        let shown = table(PageLanguage::English, "Shops", &[text("Name"), number("Owes")], rows).into_string();
        assert!(shown.contains("&lt;b&gt;") && shown.contains("data-label=\"Owes\""), "{shown}");
        let empty = table(PageLanguage::English, "Shops", &[text("Name")], Vec::new()).into_string();
        assert!(empty.contains("Nothing here yet."), "{empty}");
        assert!(
            next_page(PageLanguage::English, &[("search", "a b")], Some("x/y"))
                .into_string()
                .contains("?search=a+b&amp;after=x%2Fy")
        );
    }
}
