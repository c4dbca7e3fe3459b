//! The HTML report: one file that an accounts admin opens from an e-mail.

use anyhow::Context as _;
use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;

use crate::args::Part;
use crate::rows::{Row, totals};
use crate::time_text::moment;
use crate::to_do::{self, ListedRow, ToDo};

const CSS: &str = include_str!("../templates/report.css");
const JS: &str = include_str!("../templates/report.js");
/// The width of the bar of totals, in the units of its drawing.
const BAR_WIDTH: usize = 1_000;
const LEAST_WIDTH: usize = 4;

/// What a report shows. Everything in it may come from outside; the template escapes it.
#[derive(Debug, Clone)]
pub struct Report {
    /// Its heading.
    pub heading: String,
    /// The Xero organisation.
    pub organisation: String,
    /// The deployed stack.
    pub stack: String,
    /// What it comes to, in sentences.
    pub lead: Vec<String>,
    /// The settings that it was made under.
    pub settings: Vec<Setting>,
    /// How many contacts there are of each part, those too that are not listed.
    pub totals: Vec<(Part, usize)>,
    /// The preconditions, if it is a check.
    pub preconditions: Vec<PreconditionView>,
    /// Groups with strays, if it is a check.
    pub mixed_groups: Vec<MixedGroup>,
    /// The contacts; what is to be done about them is told above them.
    pub rows: Vec<Row>,
}

/// A setting.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Its name.
    pub label: String,
    /// Its value.
    pub value: String,
}

/// How a precondition stands.
#[derive(Debug, Clone)]
pub struct PreconditionView {
    /// What it asks.
    pub title: String,
    /// Whether it holds.
    pub ok: bool,
    /// For how many of how many.
    pub count: String,
    /// What those numbers include.
    pub sentence: String,
}

/// A group with contacts that do not belong there.
#[derive(Debug, Clone)]
pub struct MixedGroup {
    /// Its name.
    pub name: String,
    /// Those contacts.
    pub strays: Vec<Stray>,
}

/// A contact in a group where it does not belong.
#[derive(Debug, Clone, Serialize)]
pub struct Stray {
    /// Its id.
    #[serde(rename = "contact", serialize_with = "crate::rows::number")]
    pub id: String,
    /// Its name.
    pub name: String,
    /// What is wrong.
    pub sentence: String,
}

/// A part of the bar.
struct Segment {
    key: &'static str,
    label: &'static str,
    count: usize,
    x: usize,
    width: usize,
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    css: &'static str,
    js: &'static str,
    csp: String,
    heading: &'a str,
    organisation: &'a str,
    stack: &'a str,
    made_at: String,
    lead: &'a [String],
    settings: &'a [Setting],
    totals: Vec<Segment>,
    filters: Vec<(Part, usize)>,
    preconditions: &'a [PreconditionView],
    mixed_groups: &'a [MixedGroup],
    to_dos: Vec<ToDo>,
    rows: Vec<ListedRow<'a>>,
}

impl Report {
    /// The file.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn render(&self) -> anyhow::Result<String> {
        let to_dos = to_do::list(&self.rows);
        let page = Page {
            css: CSS,
            js: JS,
            csp: policy(),
            heading: &self.heading,
            organisation: &self.organisation,
            stack: &self.stack,
            made_at: moment(OffsetDateTime::now_utc()),
            lead: &self.lead,
            settings: &self.settings,
            totals: segments(&self.totals),
            filters: totals(&self.rows),
            preconditions: &self.preconditions,
            mixed_groups: &self.mixed_groups,
            rows: to_do::listed(&self.rows, &to_dos),
            to_dos,
        };
        page.render().context("the report could not be made")
    }
}

/// Lets nothing run or load but the report's own style and script, whatever slipped through.
fn policy() -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; img-src data:; base-uri 'none'; form-action 'none'",
        hash(CSS),
        hash(JS)
    )
}

/// The bar: each part as wide as its share, but wide enough to be seen; the widest gives way for that.
fn segments(totals: &[(Part, usize)]) -> Vec<Segment> {
    let all: usize = totals.iter().map(|(_, count)| count).sum();
    let shown = totals.iter().filter(|(_, count)| *count > 0);
    let mut segments: Vec<Segment> = shown
        .map(|(part, count)| Segment {
            key: part.key(),
            label: part.label(),
            count: *count,
            x: 0,
            width: (count * BAR_WIDTH / all).max(LEAST_WIDTH),
        })
        .collect();
    let taken: usize = segments.iter().map(|segment| segment.width).sum();
    if let Some(widest) = segments.iter_mut().max_by_key(|segment| segment.width) {
        widest.width = (widest.width + BAR_WIDTH).saturating_sub(taken);
    }
    let mut x = 0;
    for segment in &mut segments {
        segment.x = x;
        x += segment.width;
    }
    segments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_is_filled_and_no_part_is_too_thin_to_be_seen() {
        let totals = [
            (Part::Creates, 1),
            (Part::Unchanged, 4_998),
            (Part::Problems, 1),
        ];
        let segments = segments(&totals);
        let widths: Vec<_> = segments
            .iter()
            .map(|s| (s.key, s.count, s.x, s.width))
            .collect();
        assert_eq!(
            widths,
            [
                ("create", 1, 0, 4),
                ("unchanged", 4_998, 4, 992),
                ("problem", 1, 996, 4)
            ]
        );
        assert!(super::segments(&[]).is_empty());
    }

    #[test]
    fn the_policy_lets_the_files_own_style_and_script_run() {
        let policy = policy();
        assert!(
            policy.starts_with("default-src 'none'; style-src 'sha256-"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
    }
}
