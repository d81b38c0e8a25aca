//! Pages of a list: how much is asked for, and where the next page begins.

use serde::Serialize;

/// Which part of a list is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// At most this many items, 1 to 200.
    pub limit: i64,
    /// The opaque place where the last page ended.
    pub after: Option<String>,
}

impl PageRequest {
    /// The largest page.
    pub const MOST: i64 = 200;

    /// A page with the limit brought between 1 and [`PageRequest::MOST`]; 50 where none is given.
    pub fn new(limit: Option<i64>, after: Option<String>) -> Self {
        Self { limit: limit.unwrap_or(50).clamp(1, Self::MOST), after }
    }
}

impl Default for PageRequest {
    fn default() -> Self {
        Self::new(None, None)
    }
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// The items, in the order of the list.
    pub items: Vec<T>,
    /// What to send as `after` for the next page; absent on the last.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// Makes a page from one item more than was asked for, if there were that many; `key` names an item's place.
    pub fn from_overfull(mut items: Vec<T>, request: &PageRequest, key: impl Fn(&T) -> String) -> Self {
        let limit = usize::try_from(request.limit).unwrap_or(usize::MAX);
        let has_more = items.len() > limit;
        items.truncate(limit);
        let next = if has_more { items.last().map(key) } else { None };
        Self { items, next }
    }

    /// The same page of something else.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(f).collect(), next: self.next }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_page_with_more_behind_it_has_a_next() {
        let request = PageRequest::new(Some(2), None);
        let page = Page::from_overfull(vec![1, 2, 3], &request, ToString::to_string);
        assert_eq!((page.items, page.next), (vec![1, 2], Some("2".to_owned())));
        assert_eq!(Page::from_overfull(vec![1, 2], &request, ToString::to_string).next, None);
    }

    #[test]
    fn a_page_has_bounds() {
        assert_eq!(PageRequest::new(Some(0), None).limit, 1);
        assert_eq!(PageRequest::new(Some(9_999), None).limit, 200);
        assert_eq!(PageRequest::default().limit, 50);
    }
}
