//! Colours that colour-blind readers tell apart, and the words beside them.

use plotters::style::RGBColor;

use super::raster::Raster;
use super::trace::{Line, Picture};

/// Of events.
pub(super) const EVENT: RGBColor = RGBColor(0, 66, 112);

/// Up to so many lines have an entry each.
pub(super) const FEW: usize = 10;

/// Of a band, from dark to light.
pub(super) const MEDIAN: RGBColor = RGBColor(0, 84, 140);
/// Between the quartiles.
pub(super) const QUARTILES: RGBColor = RGBColor(122, 178, 216);
/// Between the extremes.
pub(super) const RANGE: RGBColor = RGBColor(214, 230, 242);

/// Okabe & Ito 2008, without the yellow that white paper swallows.
const DISTINCT: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
];

/// Points of the colour map viridis (Smith & van der Walt 2015), short of its yellow end.
const RAMP: [(f64, f64, f64); 5] =
    [(68.0, 1.0, 84.0), (62.0, 74.0, 137.0), (38.0, 130.0, 142.0), (53.0, 183.0, 121.0), (170.0, 210.0, 50.0)];

/// One row of a legend.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// What stands there.
    pub text: String,
    /// Of the mark before the text; `None` for a remark.
    pub color: Option<RGBColor>,
    /// A patch instead of a line.
    pub thick: bool,
}

impl Entry {
    fn line(text: String, color: RGBColor) -> Entry {
        Entry { text, color: Some(color), thick: false }
    }

    fn patch(text: &str, color: RGBColor) -> Entry {
        Entry { text: text.to_owned(), color: Some(color), thick: true }
    }

    fn remark(text: String) -> Entry {
        Entry { text, color: None, thick: false }
    }
}

/// One colour for each of `count` lines: distinct ones, or shades along a ramp.
pub(super) fn colors(count: usize) -> Vec<RGBColor> {
    if count <= DISTINCT.len() {
        return DISTINCT[..count].to_vec();
    }
    (0..count).map(|k| shade(k as f64 / (count - 1) as f64)).collect()
}

fn shade(position: f64) -> RGBColor {
    let place = position * (RAMP.len() - 1) as f64;
    let index = (place as usize).min(RAMP.len() - 2);
    let part = place - index as f64;
    let (low, high) = (RAMP[index], RAMP[index + 1]);
    let mix = |a: f64, b: f64| (a + part * (b - a)).round() as u8;
    RGBColor(mix(low.0, high.0), mix(low.1, high.1), mix(low.2, high.2))
}

/// Nothing for a single element.
pub(super) fn entries(picture: &Picture) -> Vec<Entry> {
    if !picture.band.is_empty() {
        return vec![
            Entry::remark(format!("{} elements", picture.elements)),
            Entry::line("median".to_owned(), MEDIAN),
            Entry::patch("quartiles", QUARTILES),
            Entry::patch("range", RANGE),
        ];
    }
    let colors = colors(picture.lines.len());
    let lines: Vec<_> = picture.lines.iter().zip(colors).collect();
    match lines.len() {
        _ if picture.elements <= 1 => Vec::new(),
        1 => vec![Entry::remark(format!("{} identical", picture.elements)), Entry::remark("elements".to_owned())],
        count if count <= FEW => {
            let head = std::iter::once(Entry::remark("element".to_owned()));
            head.chain(lines.into_iter().map(|(line, color)| Entry::line(members(line), color))).collect()
        }
        count => {
            let head = std::iter::once(Entry::remark(format!("{count} elements")));
            let chosen = (0..5).map(|k| k * (count - 1) / 4).map(|k| &lines[k]);
            head.chain(chosen.map(|(line, color)| Entry::line(members(line), *color))).collect()
        }
    }
}

/// Nothing when every event has a mark.
pub(super) fn raster_entries(raster: &Raster) -> Vec<Entry> {
    if !raster.thinned {
        return Vec::new();
    }
    vec![Entry::remark(format!("{} events", raster.events)), Entry::remark("(thinned)".to_owned())]
}

/// `3`, `0–9` or `0, 2, … (50)`.
fn members(line: &Line) -> String {
    match line.elements[..] {
        [one] => one.to_string(),
        [first, second] => format!("{first}, {second}"),
        [first, .., last] if last.checked_sub(first) == Some(line.elements.len() - 1) => format!("{first}–{last}"),
        [first, second, ..] => format!("{first}, {second}, … ({})", line.elements.len()),
        [] => String::new(),
    }
}
