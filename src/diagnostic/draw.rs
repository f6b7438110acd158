//! Draws diagnostics for people, as rustc does, and writes them for programs.
//!
//! A label may stand in a text of megabytes, even in a line of megabytes. So only an excerpt around
//! the labels goes to the renderer, long lines cut, with line and column counted here.

use std::collections::BTreeMap;
use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use serde::Serialize;

use super::{Diagnostic, Label, Report, Severity};
use crate::source::{SourceId, Sources, Span};

/// Bytes of a line that are shown before and after what is labelled.
const MARGIN: usize = 80;
/// Labels with at most so many bytes between them share an excerpt.
const NEAR: usize = 240;
/// A label over more bytes is drawn at its first line only.
const LONGEST: usize = 240;

impl Report {
    /// All diagnostics, drawn with their places in the text; in colour for a terminal.
    pub fn render(&self, sources: &Sources, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let mut lines = Lines::new(sources);
        let mut drawn = String::new();
        for diagnostic in &self.diagnostics {
            drawn += &renderer.render(&[draw(diagnostic, sources, &mut lines)]);
            drawn += "\n\n";
        }
        drawn.truncate(drawn.trim_end().len());
        drawn + if self.diagnostics.is_empty() { "" } else { "\n" }
    }

    /// All diagnostics as a JSON array; lines and columns from 1, columns in characters.
    pub fn to_json(&self, sources: &Sources) -> String {
        let mut lines = Lines::new(sources);
        let list: Vec<JsonDiagnostic<'_>> =
            self.diagnostics.iter().map(|diagnostic| json(diagnostic, sources, &mut lines)).collect();
        serde_json::to_string_pretty(&list).unwrap_or_default()
    }
}

/// One diagnostic, with an excerpt for every cluster of labels.
fn draw<'a>(diagnostic: &'a Diagnostic, sources: &'a Sources, lines: &mut Lines<'a>) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let mut group = Group::with_title(level.primary_title(&diagnostic.message).id(diagnostic.code.0));
    for cluster in clusters(&diagnostic.labels) {
        let Some(span) = cluster.first().map(|mark| mark.label.span) else { continue };
        let name = sources.get(span.source).name.as_str();
        let (snippet, cut) = excerpt(&cluster, sources, lines);
        if cut {
            let (line, column) = lines.position(span.source, span.start as usize);
            group = group.element(Origin::path(name).line(line).char_column(column)).element(snippet);
        } else {
            group = group.element(snippet.path(name));
        }
    }
    let notes = diagnostic.notes.iter().map(|note| Level::NOTE.message(note));
    group.elements(notes).elements(diagnostic.help.iter().map(|help| Level::HELP.message(help)))
}

/// A label, and whether it is the place of the mistake.
#[derive(Clone, Copy)]
struct Mark<'a> {
    label: &'a Label,
    primary: bool,
}

/// Labels that stand close together, the cluster of the primary one first; that is also first in
/// its cluster.
fn clusters(labels: &[Label]) -> Vec<Vec<Mark<'_>>> {
    let mut marks: Vec<Mark<'_>> =
        labels.iter().enumerate().map(|(index, label)| Mark { label, primary: index == 0 }).collect();
    marks.sort_by_key(|mark| mark.label.span);
    let mut clusters: Vec<Vec<Mark<'_>>> = vec![];
    for mark in marks {
        let near = |last: &Mark<'_>| {
            let (last, span) = (last.label.span, mark.label.span);
            last.source == span.source && span.start as usize <= last.start as usize + NEAR
        };
        match clusters.last_mut() {
            Some(cluster) if cluster.last().is_some_and(near) => cluster.push(mark),
            Some(_) | None => clusters.push(vec![mark]),
        }
    }
    clusters.sort_by_key(|cluster| !cluster.iter().any(|mark| mark.primary));
    for cluster in &mut clusters {
        cluster.sort_by_key(|mark| !mark.primary);
    }
    clusters
}

/// The lines around a cluster with what is too long cut away, and whether the first line lost its
/// beginning: the renderer cannot know the column then.
fn excerpt<'a>(
    cluster: &[Mark<'a>],
    sources: &'a Sources,
    lines: &mut Lines<'a>,
) -> (Snippet<'a, Annotation<'a>>, bool) {
    let Some(source) = cluster.first().map(|mark| mark.label.span.source) else {
        return (Snippet::source(""), false);
    };
    let text = sources.get(source).text.as_str();
    let ranges: Vec<Range<usize>> = cluster.iter().map(|mark| clip(mark.label.span, text)).collect();
    let first = ranges.iter().map(|range| range.start).min().unwrap_or(0);
    let last = ranges.iter().map(|range| range.end).max().unwrap_or(first);
    let (start, cut_before) = line_start(text, first);
    let (end, cut_after) = line_end(text, last);
    let prefix = if cut_before { "…" } else { "" };
    let shown = format!("{prefix}{}{}", &text[start..end], if cut_after { "…" } else { "" });
    let marks = cluster.iter().zip(ranges).map(|(mark, range)| {
        let kind = if mark.primary { AnnotationKind::Primary } else { AnnotationKind::Context };
        let range = range.start + prefix.len() - start..range.end + prefix.len() - start;
        let label = Some(mark.label.text.as_str()).filter(|text| !text.is_empty());
        kind.span(range).label(label)
    });
    (Snippet::source(shown).line_start(lines.position(source, start).0).annotations(marks), cut_before)
}

/// The part of a span that is drawn; a place at the end of a line is moved before the line end.
fn clip(span: Span, text: &str) -> Range<usize> {
    let start = text.floor_char_boundary(span.start as usize);
    let end = text.floor_char_boundary(span.end as usize).max(start);
    if end - start <= LONGEST {
        return start..end;
    }
    let line = text[start..end].find('\n').unwrap_or(end - start);
    start..text.floor_char_boundary(start + line.min(LONGEST))
}

/// Where the excerpt begins, and whether it cuts its first line.
fn line_start(text: &str, at: usize) -> (usize, bool) {
    let from = text.floor_char_boundary(at.saturating_sub(MARGIN));
    match text[from..at].rfind('\n') {
        Some(newline) => (from + newline + 1, false),
        None => (from, from > 0 && text.as_bytes()[from - 1] != b'\n'),
    }
}

/// Where the excerpt ends, and whether it cuts its last line.
fn line_end(text: &str, at: usize) -> (usize, bool) {
    let to = text.floor_char_boundary(at.saturating_add(MARGIN));
    match text[at..to].find('\n') {
        Some(newline) => (at + newline, false),
        None => (to, to < text.len() && text.as_bytes()[to] != b'\n'),
    }
}

/// The line starts of texts, found when first asked for.
struct Lines<'a> {
    sources: &'a Sources,
    starts: BTreeMap<SourceId, Vec<usize>>,
}

impl<'a> Lines<'a> {
    fn new(sources: &'a Sources) -> Self {
        Lines { sources, starts: BTreeMap::new() }
    }

    /// Line and column of a byte, both from 1, columns in characters.
    fn position(&mut self, source: SourceId, at: usize) -> (usize, usize) {
        let text = self.sources.get(source).text.as_str();
        let starts = self.starts.entry(source).or_insert_with(|| {
            let newlines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
            std::iter::once(0).chain(newlines.map(|(index, _)| index + 1)).collect()
        });
        let line = starts.partition_point(|&start| start <= at).max(1);
        let start = starts[line - 1];
        let column = text[start..text.floor_char_boundary(at).max(start)].chars().count() + 1;
        (line, column)
    }
}

#[derive(Serialize)]
struct JsonDiagnostic<'a> {
    code: &'static str,
    severity: &'static str,
    message: &'a str,
    file: &'a str,
    labels: Vec<JsonLabel<'a>>,
    notes: &'a [String],
    help: &'a [String],
}

#[derive(Serialize)]
struct JsonLabel<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    text: &'a str,
}

fn json<'a>(diagnostic: &'a Diagnostic, sources: &'a Sources, lines: &mut Lines<'a>) -> JsonDiagnostic<'a> {
    let labels: Vec<JsonLabel<'a>> = diagnostic.labels.iter().map(|label| json_label(label, sources, lines)).collect();
    JsonDiagnostic {
        code: diagnostic.code.0,
        severity: match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        },
        message: &diagnostic.message,
        file: labels.first().map_or("", |label| label.file),
        labels,
        notes: &diagnostic.notes,
        help: &diagnostic.help,
    }
}

fn json_label<'a>(label: &'a Label, sources: &'a Sources, lines: &mut Lines<'a>) -> JsonLabel<'a> {
    let span = label.span;
    let (line, column) = lines.position(span.source, span.start as usize);
    let (end_line, end_column) = lines.position(span.source, span.end as usize);
    JsonLabel { file: &sources.get(span.source).name, line, column, end_line, end_column, text: &label.text }
}
