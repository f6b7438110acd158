//! Draws recordings: a panel each, stacked over a common time axis.
//!
//! Lengths are in points (1/72 inch) of a page 7.5 inches wide. The page is drawn at [`SCALE`]
//! times that size: an SVG is scaled back by its view box, a PNG by averaging pixels.

use std::path::Path;
use std::{fs, io};

use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{BitMapElement, Circle, PathElement, Polygon, Rectangle, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontStyle, FontTransform, IntoFont, RGBColor, ShapeStyle, TextStyle, register_font};

use super::axis::Axis;
use super::raster::{self, Mark, Raster};
use super::trace::{self, Column, Line, Picture};
use super::{Events, Series, figure_legend as legend};

const SCALE: f64 = 4.0;
/// Pixels of a PNG for each point.
const PNG_SCALE: u32 = 2;
const WIDTH: f64 = 540.0;
const BOTTOM: f64 = 38.0;
const GAP: f64 = 14.0;
/// About the number of ticks of the axis of time.
const TIME_TICKS: usize = 8;
/// More panels than this make no page.
const MOST_PANELS: usize = 24;

const TEXT_SIZE: f64 = 9.0;
const TITLE_SIZE: f64 = 11.0;
/// The font in the figure, then what a machine without it may use.
const FONT: &str = "DejaVu Sans, Verdana, Helvetica, Arial, sans-serif";
static FONT_FILE: &[u8] = include_bytes!("../../assets/DejaVuSans-subset.ttf");

const INK: RGBColor = RGBColor(38, 38, 38);
const GRID: RGBColor = RGBColor(232, 232, 232);

/// A figure before it is drawn.
pub(super) struct Page {
    title: String,
    panels: Vec<Panel>,
    time: Axis,
    left: f64,
    right: f64,
    panel_height: f64,
}

struct Panel {
    label: String,
    axis: Axis,
    content: Content,
    legend: Vec<legend::Entry>,
}

enum Content {
    Traces(Picture),
    Raster(Raster),
}

impl Page {
    fn top(&self) -> f64 {
        if self.title.is_empty() { 12.0 } else { 30.0 }
    }

    fn height(&self) -> f64 {
        let panels = self.panels.len().max(1) as f64;
        self.top() + panels * self.panel_height + (panels - 1.0) * GAP + BOTTOM
    }

    fn pixels(&self) -> (u32, u32) {
        ((WIDTH * SCALE) as u32, (self.height().ceil() * SCALE) as u32)
    }

    fn x(&self, time: f64) -> f64 {
        self.left + self.time.fraction(time) * (WIDTH - self.left - self.right)
    }

    fn y(&self, index: usize, value: f64) -> f64 {
        let bottom = self.top() + (index as f64) * (self.panel_height + GAP) + self.panel_height;
        bottom - self.panels[index].axis.fraction(value) * self.panel_height
    }

    /// The two ends of a mark.
    fn mark(&self, index: usize, raster: &Raster, mark: &Mark) -> ((f64, f64), (f64, f64)) {
        let axis = &self.panels[index].axis;
        let y = self.y(index, axis.low + mark.y * (axis.high - axis.low));
        let x = |fraction: f64| self.left + fraction * (WIDTH - self.left - self.right);
        ((x(mark.from) - raster.margin, y), (x(mark.to) + raster.margin, y))
    }
}

/// Decides everything but the pixels.
pub(super) fn lay_out(title: &str, series: &[Series<'_>], events: &[Events<'_>]) -> Page {
    let total = series.len() + events.len();
    let events = &events[..events.len().min(MOST_PANELS)];
    let series = &series[..series.len().min(MOST_PANELS - events.len())];
    let count = series.len() + events.len();
    let panel_height = [230.0, 230.0, 160.0, 125.0][count.min(3)];
    let time = time_axis(series, events);
    let rasters = events.iter().map(|one| raster_panel(one, &time, panel_height, count));
    let panels: Vec<Panel> = rasters.chain(series.iter().map(|one| panel(one, count))).collect();
    let widest =
        |texts: &mut dyn Iterator<Item = &str>| texts.map(|text| text.chars().count()).max().unwrap_or(0) as f64;
    let ticks = widest(&mut panels.iter().flat_map(|panel| panel.axis.ticks.iter().map(|(_, text)| text.as_str())));
    let legend = widest(&mut panels.iter().flat_map(|panel| panel.legend.iter().map(|entry| entry.text.as_str())));
    Page {
        title: if count < total {
            format!("{title} (the first {count} of {total} recordings)")
        } else {
            title.to_owned()
        },
        time,
        left: 38.0 + 0.62 * TEXT_SIZE * ticks,
        right: if legend > 0.0 { 38.0 + 0.56 * TEXT_SIZE * legend } else { 18.0 },
        panel_height,
        panels,
    }
}

fn panel(series: &Series<'_>, panels: usize) -> Panel {
    let picture = trace::picture(series, panels);
    let (low, high) = picture.range.unwrap_or((0.0, 1.0));
    let axis = Axis::new(low, high, series.unit, ticks(panels), false);
    let name = match series.elements {
        [element] if *element != 0 => format!("{}[{element}]", series.name),
        _ => series.name.to_owned(),
    };
    let label = if axis.unit.is_empty() { name } else { format!("{name} ({})", axis.unit) };
    Panel { label, axis, legend: legend::entries(&picture), content: Content::Traces(picture) }
}

fn raster_panel(events: &Events<'_>, time: &Axis, height: f64, panels: usize) -> Panel {
    let raster = raster::raster(events, time, height, panels);
    Panel {
        label: format!("{} (element)", events.name),
        axis: Axis::of_elements(events.size, ticks(panels)),
        legend: legend::raster_entries(&raster),
        content: Content::Raster(raster),
    }
}

/// About the number of an upright axis.
fn ticks(panels: usize) -> usize {
    if panels < 3 { 5 } else { 4 }
}

/// From the first thing to the last. Events alone tell neither the beginning nor the end of the
/// run: they are shown from 0 to a round number.
fn time_axis(series: &[Series<'_>], events: &[Events<'_>]) -> Axis {
    let sampled = series.iter().filter_map(|one| ends(one.times)).reduce(join);
    let happened = events.iter().filter_map(|one| Some((*one.times.first()?, *one.times.last()?))).reduce(join);
    let axis = |(low, high)| Axis::new(low, high, "second", TIME_TICKS, true);
    match (sampled, happened) {
        (Some(sampled), Some(happened)) => axis(join(sampled, happened)),
        (Some(sampled), None) => axis(sampled),
        (None, Some((low, high))) => axis((low.min(0.0), high)).up_to_tick("second", TIME_TICKS),
        (None, None) => axis((0.0, 1.0)),
    }
}

fn join((low, high): (f64, f64), (other_low, other_high): (f64, f64)) -> (f64, f64) {
    (low.min(other_low), high.max(other_high))
}

/// From the first sample to where the one after the last would be: the end of the run.
fn ends(times: &[f64]) -> Option<(f64, f64)> {
    let (first, last) = (*times.first()?, *times.last()?);
    let interval = (last - first) / (times.len() - 1).max(1) as f64;
    Some((first, last + interval))
}

/// The figure as SVG text.
/// `meta` goes along as a text.
pub(super) fn svg(page: &Page, meta: &str) -> Result<String, String> {
    let mut text = String::new();
    let (width, height) = page.pixels();
    {
        let area = SVGBackend::with_string(&mut text, (width, height)).into_drawing_area();
        Painter { area: &area, joined: true }.page(page).map_err(|error| error.to_string())?;
        area.present().map_err(|error| error.to_string())?;
    }
    let drawn = format!("width=\"{width}\" height=\"{height}\"");
    let meant = format!("width=\"{WIDTH}pt\" height=\"{}pt\"", page.height().ceil());
    let text = text.replacen(&drawn, &meant, 1).replace("<polyline ", "<polyline stroke-linejoin=\"round\" ");
    let end = text.rfind("</svg>").unwrap_or(text.len());
    let meta = meta.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    Ok(format!("{}{}<metadata>{meta}</metadata>\n{}", &text[..end], marks(page), &text[end..]))
}

/// All marks of a panel as one path, which takes a tenth of the letters that single shapes take.
fn marks(page: &Page) -> String {
    let mut text = String::new();
    let RGBColor(red, green, blue) = legend::EVENT;
    for (index, panel) in page.panels.iter().enumerate() {
        let Content::Raster(raster) = &panel.content else { continue };
        let lines = raster.marks.iter().map(|mark| {
            let ((left, y), (right, _)) = page.mark(index, raster, mark);
            (pixel((left, y)), (((right - left) * SCALE).round() as i32).max(1))
        });
        let data = raster::path_data(lines);
        if !data.is_empty() {
            // The middles of rows are rounded to pixels; half a pixel more closes gaps between them.
            let width = raster.height * SCALE + 0.5;
            text += &format!(
                "<path fill=\"none\" stroke=\"#{red:02X}{green:02X}{blue:02X}\" stroke-width=\"{width:.2}\" d=\"{data}\"/>\n"
            );
        }
    }
    text
}

/// The figure as a PNG file at `path`.
pub(super) fn png(page: &Page, meta: &str, path: &Path) -> io::Result<()> {
    let (width, height) = page.pixels();
    let mut pixels = vec![255; 3 * width as usize * height as usize];
    {
        let area = BitMapBackend::with_buffer(&mut pixels, (width, height)).into_drawing_area();
        Painter { area: &area, joined: false }.page(page).map_err(|error| io::Error::other(error.to_string()))?;
    }
    let shrink = SCALE as usize / PNG_SCALE as usize;
    let size = (width / shrink as u32, height / shrink as u32);
    let small = average(&pixels, width as usize, shrink);
    let area = BitMapBackend::new(path, size).into_drawing_area();
    let image = BitMapElement::with_owned_buffer((0, 0), size, small).ok_or_else(|| io::Error::other("image size"))?;
    area.draw(&image).map_err(|error| io::Error::other(error.to_string()))?;
    area.present().map_err(|error| io::Error::other(error.to_string()))?;
    let image = fs::read(path)?;
    let (start, rest) = image.split_at_checked(PNG_START).ok_or(io::ErrorKind::UnexpectedEof)?;
    fs::write(path, [start, &text_chunk(meta)?, rest].concat())
}

/// The bytes of a PNG before those chunks that may stand in any order: its signature and size.
const PNG_START: usize = 8 + 25;

/// A text called `dvdt` as a chunk of a PNG (iTXt, uncompressed).
fn text_chunk(text: &str) -> io::Result<Vec<u8>> {
    let body = [b"iTXtdvdt\0\0\0\0\0".as_slice(), text.as_bytes()].concat();
    let length = u32::try_from(body.len() - 4).map_err(io::Error::other)?;
    Ok([&length.to_be_bytes(), body.as_slice(), &crc32fast::hash(&body).to_be_bytes()].concat())
}

/// Squares of `by` × `by` pixels become one.
fn average(pixels: &[u8], width: usize, by: usize) -> Vec<u8> {
    let row = 3 * width;
    let mut small = Vec::with_capacity(pixels.len() / (by * by));
    for rows in pixels.chunks_exact(by * row) {
        for x in 0..width / by {
            for channel in 0..3 {
                let at = |k: usize| rows[(k / by) * row + 3 * (by * x + k % by) + channel];
                let sum: usize = (0..by * by).map(|k| usize::from(at(k))).sum();
                small.push(u8::try_from(sum / (by * by)).unwrap_or(u8::MAX));
            }
        }
    }
    small
}

type Drawn<DB> = Result<(), plotters::drawing::DrawingAreaErrorKind<<DB as DrawingBackend>::ErrorType>>;

/// Draws in points on an area of scaled pixels.
struct Painter<'a, DB: DrawingBackend> {
    area: &'a DrawingArea<DB, Shift>,
    /// Whether the backend joins the segments of a wide path well.
    joined: bool,
}

impl<DB: DrawingBackend> Painter<'_, DB> {
    fn page(&self, page: &Page) -> Drawn<DB> {
        // Only a broken font file could be refused, and this one is part of the program.
        let _registered = register_font(FONT, FontStyle::Normal, FONT_FILE);
        self.area.fill(&RGBColor(255, 255, 255))?;
        self.text(&page.title, page.left, 15.0, TITLE_SIZE, HPos::Left)?;
        for index in 0..page.panels.len() {
            self.panel(page, index)?;
        }
        if page.panels.is_empty() {
            self.text("nothing was recorded", WIDTH / 2.0, page.height() / 2.0, TEXT_SIZE, HPos::Center)?;
        }
        self.time_labels(page)
    }

    fn panel(&self, page: &Page, index: usize) -> Drawn<DB> {
        let panel = &page.panels[index];
        self.frame(page, index)?;
        match &panel.content {
            Content::Traces(picture) => self.traces(page, index, picture)?,
            Content::Raster(raster) => self.raster(page, index, raster)?,
        }
        self.legend(page, index)
    }

    fn traces(&self, page: &Page, index: usize, picture: &Picture) -> Drawn<DB> {
        if picture.range.is_none() {
            self.remark(page, index, if picture.elements == 0 { "no elements" } else { "no values" })?;
        }
        self.band(page, index, &picture.band)?;
        let width = if picture.lines.len() > legend::FEW { 0.75 } else { 1.25 };
        let colors = legend::colors(picture.lines.len());
        picture.lines.iter().zip(colors).rev().try_for_each(|(line, color)| self.line(page, index, line, color, width))
    }

    fn raster(&self, page: &Page, index: usize, raster: &Raster) -> Drawn<DB> {
        if raster.marks.is_empty() {
            self.remark(page, index, "no events")?;
        }
        if self.joined {
            return Ok(()); // see `marks`
        }
        for mark in &raster.marks {
            let ((left, y), (right, _)) = page.mark(index, raster, mark);
            let (from, to) = (pixel((left, y - raster.height / 2.0)), pixel((right, y + raster.height / 2.0)));
            self.area.draw(&Rectangle::new([from, to], legend::EVENT.filled()))?;
        }
        Ok(())
    }

    /// In the middle of a panel without contents.
    fn remark(&self, page: &Page, index: usize, text: &str) -> Drawn<DB> {
        let axis = &page.panels[index].axis;
        let (x, y) = ((page.left + WIDTH - page.right) / 2.0, page.y(index, (axis.low + axis.high) / 2.0));
        self.text(text, x, y, TEXT_SIZE, HPos::Center)
    }

    /// Grid, ticks, their texts, the name, and the two lines that carry them.
    fn frame(&self, page: &Page, index: usize) -> Drawn<DB> {
        let axis = &page.panels[index].axis;
        let (left, right) = (page.left, WIDTH - page.right);
        let (top, bottom) = (page.y(index, axis.high), page.y(index, axis.low));
        for (value, text) in &axis.ticks {
            let y = page.y(index, *value);
            self.path(&[(left, y), (right, y)], GRID, 0.5)?;
            self.path(&[(left - 3.0, y), (left, y)], INK, 0.75)?;
            self.text(text, left - 5.0, y, TEXT_SIZE, HPos::Right)?;
        }
        for (time, _) in &page.time.ticks {
            let x = page.x(*time);
            self.path(&[(x, top), (x, bottom)], GRID, 0.5)?;
            self.path(&[(x, bottom), (x, bottom + 3.0)], INK, 0.75)?;
        }
        self.path(&[(left, top), (left, bottom), (right, bottom)], INK, 0.75)?;
        self.upright(&page.panels[index].label, 12.0, (top + bottom) / 2.0)
    }

    fn time_labels(&self, page: &Page) -> Drawn<DB> {
        let bottom = page.height() - BOTTOM;
        for (time, text) in &page.time.ticks {
            self.text(text, page.x(*time), bottom + 10.0, TEXT_SIZE, HPos::Center)?;
        }
        let middle = (page.left + WIDTH - page.right) / 2.0;
        self.text(&format!("time ({})", page.time.unit), middle, bottom + 26.0, TEXT_SIZE, HPos::Center)
    }

    fn line(&self, page: &Page, index: usize, line: &Line, color: RGBColor, width: f64) -> Drawn<DB> {
        for run in &line.runs {
            let points: Vec<_> = run.iter().map(|(time, value)| (page.x(*time), page.y(index, *value))).collect();
            match points[..] {
                [point] => self.dot(point, color)?,
                _ => self.path(&points, color, width)?,
            }
        }
        Ok(())
    }

    fn band(&self, page: &Page, index: usize, band: &[Column]) -> Drawn<DB> {
        let at = |mark: usize| band.iter().map(move |column| (page.x(column.time), page.y(index, column.marks[mark])));
        if let [column] = band {
            let x = page.x(column.time);
            return self.dot((x, page.y(index, column.marks[2])), legend::MEDIAN);
        }
        if !band.is_empty() {
            self.fill(at(0).chain(at(4).rev()), legend::RANGE)?;
            self.fill(at(1).chain(at(3).rev()), legend::QUARTILES)?;
            self.path(&at(2).collect::<Vec<_>>(), legend::MEDIAN, 1.25)?;
        }
        Ok(())
    }

    fn legend(&self, page: &Page, index: usize) -> Drawn<DB> {
        let x = WIDTH - page.right + 10.0;
        let mut y = page.y(index, page.panels[index].axis.high) + 6.0;
        for entry in &page.panels[index].legend {
            if entry.thick {
                self.swatch((x, y - 3.5), (x + 16.0, y + 3.5), entry.color)?;
            } else if let Some(color) = entry.color {
                self.path(&[(x, y), (x + 16.0, y)], color, 1.5)?;
            }
            let indent = if entry.color.is_some() { 21.0 } else { 0.0 };
            self.text(&entry.text, x + indent, y, TEXT_SIZE, HPos::Left)?;
            y += 12.0;
        }
        Ok(())
    }

    fn path(&self, points: &[(f64, f64)], color: RGBColor, width: f64) -> Drawn<DB> {
        let style = ShapeStyle { color: color.to_rgba(), filled: false, stroke_width: (width * SCALE).round() as u32 };
        let mut pixels: Vec<_> = points.iter().map(|point| pixel(*point)).collect();
        pixels.dedup();
        if self.joined {
            return self.area.draw(&PathElement::new(pixels, style));
        }
        pixels.windows(2).try_for_each(|segment| self.area.draw(&PathElement::new(segment.to_vec(), style)))
    }

    fn fill(&self, points: impl Iterator<Item = (f64, f64)>, color: RGBColor) -> Drawn<DB> {
        self.area.draw(&Polygon::new(points.map(pixel).collect::<Vec<_>>(), color.filled()))
    }

    fn swatch(&self, from: (f64, f64), to: (f64, f64), color: Option<RGBColor>) -> Drawn<DB> {
        self.area.draw(&Rectangle::new([pixel(from), pixel(to)], color.unwrap_or(INK).filled()))
    }

    fn dot(&self, at: (f64, f64), color: RGBColor) -> Drawn<DB> {
        self.area.draw(&Circle::new(pixel(at), (1.75 * SCALE) as i32, color.filled()))
    }

    fn text(&self, text: &str, x: f64, y: f64, size: f64, align: HPos) -> Drawn<DB> {
        let y = y + self.sag();
        self.area.draw(&Text::new(text, pixel((x, y)), style(size).pos(Pos::new(align, VPos::Center))))
    }

    fn upright(&self, text: &str, x: f64, y: f64) -> Drawn<DB> {
        let style = style(TEXT_SIZE).transform(FontTransform::Rotate270).pos(Pos::new(HPos::Center, VPos::Center));
        self.area.draw(&Text::new(text, pixel((x + self.sag(), y)), style))
    }

    /// Plotters centres letters on bitmaps by a box that reaches below them.
    fn sag(&self) -> f64 {
        if self.joined { 0.0 } else { 1.25 }
    }
}

fn pixel((x, y): (f64, f64)) -> (i32, i32) {
    ((x * SCALE).round() as i32, (y * SCALE).round() as i32)
}

/// Plotters' sizes are those of a line, 1.24 times those of the letters.
fn style(size: f64) -> TextStyle<'static> {
    (FONT, 1.24 * size * SCALE).into_font().color(&INK)
}
