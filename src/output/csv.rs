//! A table of text: one column of times, one for each recorded element;
//! or a row for each event.

use std::fs::File;
use std::io::{self, Write};

use super::{Error, Events, Series};

/// Text is handed to the system in pieces of about this many bytes.
const CHUNK: usize = 1 << 18;

/// Whether one table can hold it all: series must share their times, events stand alone.
pub(super) fn check(series: &[Series<'_>], events: &[Events<'_>]) -> Result<(), Error> {
    let mut names = series.iter().map(|one| one.name).chain(events.iter().map(|one| one.name)).rev();
    if let (false, Some(events), Some(other)) = (events.is_empty(), names.next(), names.next()) {
        return Err(Error::EventsInTable { events: events.to_owned(), other: other.to_owned() });
    }
    let Some(first) = series.first() else { return Ok(()) };
    match series.iter().find(|other| other.times != first.times) {
        None => Ok(()),
        Some(other) => Err(Error::SeveralTimeBases { first: first.name.to_owned(), other: other.name.to_owned() }),
    }
}

/// Writes a header that names every unit, then a row for each sample.
pub(super) fn write(file: &mut File, series: &[Series<'_>]) -> io::Result<()> {
    let mut text = header(series).into_bytes();
    for (sample, time) in series.first().map_or(&[][..], |first| first.times).iter().enumerate() {
        push_number(&mut text, *time)?;
        for one in series {
            let width = one.elements.len();
            for value in &one.values[sample * width..(sample + 1) * width] {
                text.push(b',');
                push_number(&mut text, *value)?;
            }
        }
        text.push(b'\n');
        hand_on(&mut text, file)?;
    }
    file.write_all(&text)
}

/// Writes a header like `t [s],i,v [volt]`, then a row for each event.
pub(super) fn write_events(file: &mut File, events: &Events<'_>) -> io::Result<()> {
    let mut text = b"t [s],i".to_vec();
    for (variable, unit, _) in events.values {
        write!(text, ",{variable} [{unit}]")?;
    }
    text.push(b'\n');
    for (event, (time, element)) in events.times.iter().zip(events.elements).enumerate() {
        push_number(&mut text, *time)?;
        write!(text, ",{element}")?;
        for (_, _, values) in events.values {
            text.push(b',');
            push_number(&mut text, values[event])?;
        }
        text.push(b'\n');
        hand_on(&mut text, file)?;
    }
    file.write_all(&text)
}

/// `t [s],cells.v[0] [volt],…`
fn header(series: &[Series<'_>]) -> String {
    let mut text = String::from("t [s]");
    for one in series {
        for element in one.elements {
            text += &format!(",{}[{element}] [{}]", one.name, one.unit);
        }
    }
    text + "\n"
}

fn hand_on(text: &mut Vec<u8>, file: &mut File) -> io::Result<()> {
    if text.len() > CHUNK {
        file.write_all(text)?;
        text.clear();
    }
    Ok(())
}

/// The shortest text that reads back as the same number.
fn push_number(text: &mut Vec<u8>, value: f64) -> io::Result<()> {
    let size = value.abs();
    if value.is_nan() {
        text.write_all(b"nan")
    } else if size == 0.0 || (1e-5..1e16).contains(&size) || size.is_infinite() {
        write!(text, "{value}")
    } else {
        write!(text, "{value:e}")
    }
}
