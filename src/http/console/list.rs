//! A list of the console: filtered by words, cut into pages, each item with its page.

use askama::Template;
use axum::response::Response;
use http::StatusCode;

use crate::app::App;
use crate::http::console::here::{Frame, Here};
use crate::http::form::Link;
use crate::http::page;
use crate::http::pages::{Action, Chrome};

/// How many items a page of a list has.
pub const PAGE: usize = 50;

/// What a list is about.
pub struct About<'a> {
    /// `Roles`.
    pub heading: &'a str,
    /// Where the list is.
    pub path: &'a str,
    /// What the things are for, in a sentence.
    pub purpose: &'a str,
    /// What the filter looks at.
    pub filter: &'a str,
    /// What can be made here, where the session may.
    pub action: Option<Action>,
}

/// A thing in a list.
#[derive(Clone, Debug, Default)]
pub struct Item {
    /// What it is called.
    pub name: String,
    /// Its page.
    pub href: String,
    /// A word beside the name that makes people look twice.
    pub warning: Option<&'static str>,
    /// A word beside the name.
    pub badge: Option<&'static str>,
    /// What it is for.
    pub about: String,
    /// The whole ARN.
    pub arn: String,
    /// A fact behind the ARN.
    pub fact: String,
}

impl Item {
    fn matches(&self, words: &[String]) -> bool {
        let badge = self.badge.unwrap_or_default();
        let text = format!("{} {} {} {badge}", self.name, self.arn, self.about).to_lowercase();
        words.iter().all(|word| text.contains(word))
    }
}

/// A list, as a page.
#[derive(Clone, Debug, Template)]
#[template(path = "console_list.html")]
struct ListPage {
    chrome: Chrome,
    frame: Frame,
    heading: String,
    path: String,
    purpose: String,
    filter: String,
    filter_label: String,
    action: Option<Action>,
    /// Whether there is anything to filter.
    any: bool,
    items: Vec<Item>,
    pages: Pages,
}

/// The words of a filter.
pub struct Filter {
    text: String,
    words: Vec<String>,
}

impl Filter {
    /// As a link has it.
    pub fn of(link: &Link) -> Filter {
        let text = link.get("q").unwrap_or_default().trim();
        Filter {
            words: text.split_whitespace().map(str::to_lowercase).collect(),
            text: text.to_owned(),
        }
    }

    /// Whether an item has all of them.
    pub fn admits(&self, item: &Item) -> bool {
        item.matches(&self.words)
    }
}

/// The page of a list that a link asks for.
pub fn page(app: &App, here: &Here, link: &Link, about: About<'_>, items: Vec<Item>) -> Response {
    let filter = Filter::of(link);
    let any = !items.is_empty();
    let matching = items.into_iter().filter(|item| filter.admits(item));
    let base = app.urls.console_list(about.path, &filter.text);
    let (items, pages) = cut(matching.collect(), link.get("page"), &base);
    show(app, here, filter, about, any, items, pages)
}

/// A page of a list too long to be read whole: `total` is how many there are without the filter, `next` after which
/// item it goes on.
pub fn part(
    app: &App,
    here: &Here,
    link: &Link,
    about: About<'_>,
    (items, next): (Vec<Item>, Option<String>),
    total: usize,
) -> Response {
    let filter = Filter::of(link);
    let base = app.urls.console_list(about.path, &filter.text);
    let sign = if base.contains('?') { '&' } else { '?' };
    let next = next.map(|name| {
        let name: String = url::form_urlencoded::byte_serialize(name.as_bytes()).collect();
        format!("{base}{sign}after={name}")
    });
    let pages = Pages {
        place: None,
        total: filter.text.is_empty().then_some(total),
        before: link.get("after").is_some().then_some(("First", base)),
        after: next,
    };
    show(app, here, filter, about, total > 0, items, pages)
}

fn show(
    app: &App,
    here: &Here,
    filter: Filter,
    about: About<'_>,
    any: bool,
    items: Vec<Item>,
    pages: Pages,
) -> Response {
    let (chrome, frame) = here.around(app, about.heading);
    let page = ListPage {
        chrome,
        frame,
        heading: about.heading.to_owned(),
        path: about.path.to_owned(),
        purpose: about.purpose.to_owned(),
        filter: filter.text,
        filter_label: about.filter.to_owned(),
        action: about.action,
        any,
        items,
        pages,
    };
    page::html(StatusCode::OK, page)
}

/// Which page of a list this is, and the way to the others.
#[derive(Clone, Debug)]
pub struct Pages {
    /// Which page this is, from 1, of how many, where that is known.
    pub place: Option<(usize, usize)>,
    /// How many items there are on all of them, where that is known.
    pub total: Option<usize>,
    /// The page before, or the first one, with the word for it.
    pub before: Option<(&'static str, String)>,
    /// The page after.
    pub after: Option<String>,
}

/// Cuts a page out of a list; `base` is the list's address with everything but the page.
fn cut<T>(items: Vec<T>, asked: Option<&str>, base: &str) -> (Vec<T>, Pages) {
    let total = items.len();
    let of = total.div_ceil(PAGE).max(1);
    let number = asked.and_then(|text| text.parse().ok()).unwrap_or(1);
    let number = usize::clamp(number, 1, of);
    let link = |number: usize| {
        let sign = if base.contains('?') { '&' } else { '?' };
        format!("{base}{sign}page={number}")
    };
    let items = items.into_iter().skip((number - 1) * PAGE).take(PAGE);
    let pages = Pages {
        place: (of > 1).then_some((number, of)),
        total: Some(total),
        before: (number > 1).then(|| ("Previous", link(number - 1))),
        after: (number < of).then(|| link(number + 1)),
    };
    (items.collect(), pages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_cut_into_pages() {
        let all: Vec<usize> = (0..120).collect();
        let (items, pages) = cut(all.clone(), None, "/x");
        assert_eq!((items.len(), pages.place), (50, Some((1, 3))));
        assert_eq!(
            (pages.before, pages.after.as_deref()),
            (None, Some("/x?page=2"))
        );
        let (items, pages) = cut(all.clone(), Some("99"), "/x?q=a");
        assert_eq!(
            (items.first(), items.len(), pages.place),
            (Some(&100), 20, Some((3, 3)))
        );
        let before = ("Previous", "/x?q=a&page=2".to_owned());
        assert_eq!(pages.before, Some(before));
        let (items, pages) = cut(Vec::<usize>::new(), Some("x"), "/x");
        assert_eq!((items.len(), pages.place, pages.after), (0, None, None));
    }
}
