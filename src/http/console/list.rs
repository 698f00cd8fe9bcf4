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
const PAGE: usize = 50;

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

/// The page of a list that a link asks for.
pub fn page(app: &App, here: &Here, link: &Link, about: About<'_>, items: Vec<Item>) -> Response {
    let filter = link.get("q").unwrap_or_default().trim();
    let any = !items.is_empty();
    let words: Vec<String> = filter.split_whitespace().map(str::to_lowercase).collect();
    let matching = items.into_iter().filter(|item| item.matches(&words));
    let base = app.urls.console_list(about.path, filter);
    let (items, pages) = cut(matching.collect(), link.get("page"), &base);
    let (chrome, frame) = here.around(app, about.heading);
    let page = ListPage {
        chrome,
        frame,
        heading: about.heading.to_owned(),
        path: about.path.to_owned(),
        purpose: about.purpose.to_owned(),
        filter: filter.to_owned(),
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
    /// Which page this is, from 1.
    pub number: usize,
    /// Of how many.
    pub of: usize,
    /// How many items there are on all of them.
    pub total: usize,
    /// The page before.
    pub before: Option<String>,
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
        number,
        of,
        total,
        before: (number > 1).then(|| link(number - 1)),
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
        assert_eq!((items.len(), pages.number, pages.of), (50, 1, 3));
        assert_eq!(
            (pages.before, pages.after.as_deref()),
            (None, Some("/x?page=2"))
        );
        let (items, pages) = cut(all.clone(), Some("99"), "/x?q=a");
        assert_eq!(
            (items.first(), items.len(), pages.number),
            (Some(&100), 20, 3)
        );
        assert_eq!(pages.before.as_deref(), Some("/x?q=a&page=2"));
        let (items, pages) = cut(Vec::<usize>::new(), Some("x"), "/x");
        assert_eq!((items.len(), pages.of, pages.after), (0, 1, None));
    }
}
