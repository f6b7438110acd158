//! Checks arrays of numbers, written down or in a file, and timed arrays.

use super::assign::number;
use super::file::seconds;
use super::resolve::{Scope, reserved};
use super::{Constants, Seconds, TimedArray, mistake};
use crate::diagnostic::Report;
use crate::dimension::{Dimension, unit};
use crate::syntax::ast::{Array, ArrayValues, Expr, Ident, Item, ModelFile, Node};
use crate::table;
use std::path::{Component, Path};

/// The numbers of an array, in SI base units.
pub(super) struct Numbers {
    /// Row by row.
    pub(super) values: Vec<f64>,
    /// How many columns there are, where there are columns.
    pub(super) columns: Option<usize>,
    /// `None` after a mistake.
    pub(super) dimension: Option<Dimension>,
}

/// Every timed array of a file, in the order of the text. `folder` is where files are looked for.
pub(super) fn timed(
    file: &ModelFile,
    constants: &Constants,
    folder: Option<&Path>,
    report: &mut Report,
) -> Vec<TimedArray> {
    let mut list: Vec<TimedArray> = vec![];
    for item in &file.items {
        let Item::TimedArray(text) = item else { continue };
        let name = &text.name;
        if let Some(reason) = reserved(&name.name) {
            report.push(mistake::reserved_name(name, &reason));
        }
        if let Some(earlier) = list.iter().find(|array| array.name == name.name) {
            report.push(mistake::duplicate("timed array", name, earlier.span));
        } else if let Some(constant) = constants.find(&name.name) {
            report.push(mistake::duplicate("name", name, constants.list[constant].span));
        }
        let dt = seconds(&text.every, "the time between rows", constants, report);
        let numbers = numbers(&text.values, constants, folder, report);
        let unknown = || Numbers { values: vec![0.0], columns: None, dimension: None };
        let numbers = numbers.unwrap_or_else(unknown);
        list.push(TimedArray {
            name: name.name.clone(),
            dt: dt.unwrap_or(Seconds { numerator: 1, denominator: 1000 }),
            columns: numbers.columns,
            values: numbers.values.into(),
            dimension: numbers.dimension,
            span: name.span,
        });
    }
    list
}

/// The numbers that an array holds; at least one.
pub(super) fn numbers(
    array: &Array,
    constants: &Constants,
    folder: Option<&Path>,
    report: &mut Report,
) -> Option<Numbers> {
    let numbers = match &array.values {
        ArrayValues::List(list) => row(list, constants, report).map(|(values, dimension)| Numbers {
            values,
            columns: None,
            dimension: Some(dimension),
        }),
        ArrayValues::Rows(rows) => table_of(rows, array, constants, report),
        ArrayValues::File(name) => read(name, folder, report),
    };
    let scale = array.scale.as_ref().map(|scale| {
        // A lone unit is just what is meant here.
        if let [Node::Name(name)] = scale.nodes.as_slice()
            && constants.find(name).is_none()
            && let Some(unit) = unit(name)
        {
            return Some((unit.scale, unit.dimension));
        }
        let (value, scale) = number(scale, &mut Scope::of_constants(constants), report)?;
        Some((scale, value.dimension?))
    });
    let mut numbers = numbers?;
    if numbers.values.is_empty() {
        report.push(mistake::empty_array(array.span));
        return None;
    }
    if let Some(scale) = scale {
        let (scale, dimension) = scale?;
        numbers.values.iter_mut().for_each(|value| *value *= scale);
        numbers.dimension = numbers.dimension.and_then(|own| own.multiply(&dimension));
    }
    Some(numbers)
}

/// Numbers of one dimension.
fn row(list: &[Expr], constants: &Constants, report: &mut Report) -> Option<(Vec<f64>, Dimension)> {
    let mut values = Vec::with_capacity(list.len());
    let mut dimension: Option<Dimension> = None;
    for expr in list {
        let (value, number) = number(expr, &mut Scope::of_constants(constants), report)?;
        let own = value.dimension?;
        let first = *dimension.get_or_insert(own);
        if own != first {
            report.push(mistake::array_dimensions(first, own, expr.span()));
            return None;
        }
        values.push(number);
    }
    Some((values, dimension.unwrap_or(Dimension::DIMENSIONLESS)))
}

fn table_of(rows: &[Vec<Expr>], array: &Array, constants: &Constants, report: &mut Report) -> Option<Numbers> {
    let columns = rows.first().map_or(0, Vec::len);
    let (mut values, mut dimension) = (vec![], None);
    for (index, list) in rows.iter().enumerate() {
        if list.len() != columns {
            let place = list.first().map_or(array.span, Expr::span);
            report.push(mistake::ragged_array(index, list.len(), columns, place));
            return None;
        }
        let (row, own) = row(list, constants, report)?;
        let first = *dimension.get_or_insert(own);
        if own != first {
            report.push(mistake::array_dimensions(first, own, list.first().map_or(array.span, Expr::span)));
            return None;
        }
        values.extend(row);
    }
    Some(Numbers { values, columns: Some(columns), dimension: dimension.or(Some(Dimension::DIMENSIONLESS)) })
}

/// A model names files beside it and below, so that a stranger's model reads nothing else.
fn read(name: &Ident, folder: Option<&Path>, report: &mut Report) -> Option<Numbers> {
    let path = Path::new(&name.name);
    let below = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if !below || name.name.is_empty() {
        report.push(mistake::file_outside(name));
        return None;
    }
    let Some(folder) = folder else {
        report.push(mistake::file_without_folder(name));
        return None;
    };
    match table::read(&folder.join(path)) {
        Ok(table) => {
            let columns = (!table.flat).then_some(table.columns);
            Some(Numbers { values: table.values, columns, dimension: Some(Dimension::DIMENSIONLESS) })
        }
        Err(error) => {
            report.push(mistake::unreadable_array(name, &error.to_string()));
            None
        }
    }
}
