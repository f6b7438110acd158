//! Files and figures of recordings: what they hold, and that they are whole or not there.

use std::fs;
use std::io::{BufReader, Read};
use std::path::Path;

use dvdt::output::{self, DataFormat, Error, Events, FigureFormat, GroupMeta, Meta, NpyStream, Number, Series};
use npyz::npz::NpzArchive;
use tempfile::tempdir;

const TIMES: [f64; 3] = [0.0, 1e-4, 2e-4];
const VALUES: [f64; 6] = [1.0, 2.0, 1e-30, f64::NAN, -1.75, f64::NEG_INFINITY];

fn v() -> Series<'static> {
    Series { name: "cells.v", unit: "volt", elements: &[0, 7], times: &TIMES, values: &VALUES }
}

fn meta() -> Meta {
    let group = GroupMeta {
        size: 8,
        clock: "dt".into(),
        precision: "float64".into(),
        method: "exact".into(),
        reason: "linear".into(),
    };
    Meta {
        model: "# µ \"quoted\"\nrun 1*ms".into(),
        seed: Some(7),
        clocks: [("dt".to_owned(), 1e-4)].into(),
        groups: [("cells".to_owned(), group)].into(),
        ..Meta::default()
    }
}

fn write(path: &Path, series: &[Series<'_>]) -> Result<(), Error> {
    write_both(path, series, &[])
}

fn write_both(path: &Path, series: &[Series<'_>], events: &[Events<'_>]) -> Result<(), Error> {
    output::write_data(path, DataFormat::of(path)?, series, events, &meta())
}

fn draw(path: &Path, series: &[Series<'_>]) -> Result<(), Error> {
    draw_both(path, series, &[])
}

fn draw_both(path: &Path, series: &[Series<'_>], events: &[Events<'_>]) -> Result<(), Error> {
    output::write_figure(path, FigureFormat::of(path)?, "decay.dvdt", series, events, &meta())
}

fn svg(series: &[Series<'_>]) -> String {
    svg_of_both(series, &[])
}

fn svg_of_both(series: &[Series<'_>], events: &[Events<'_>]) -> String {
    let folder = tempdir().unwrap();
    let path = folder.path().join("figure.svg");
    draw_both(&path, series, events).unwrap();
    fs::read_to_string(path).unwrap()
}

type Archive = NpzArchive<BufReader<fs::File>>;

fn floats(archive: &mut Archive, name: &str) -> (Vec<u64>, Vec<f64>) {
    let array = archive.by_name(name).unwrap().unwrap();
    (array.shape().to_vec(), array.into_vec().unwrap())
}

#[test]
fn npz_holds_values_times_and_meta() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("run.npz");
    write(&path, &[v()]).unwrap();
    let mut archive = NpzArchive::open(&path).unwrap();
    let (shape, values) = floats(&mut archive, "cells.v");
    assert_eq!(shape, [3, 2]);
    assert_eq!(values.map_bits(), VALUES.to_vec().map_bits());
    assert_eq!(floats(&mut archive, "cells.v.t"), (vec![3], TIMES.to_vec()));

    let text = archive.by_name("meta").unwrap().unwrap();
    assert!(text.shape().is_empty());
    let text: String = text.into_vec::<Vec<char>>().unwrap().remove(0).into_iter().collect();
    let meta: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(meta["model"], "# µ \"quoted\"\nrun 1*ms");
    assert_eq!(meta["units"], serde_json::json!({"cells.v": "volt", "cells.v.t": "second"}));
    assert_eq!(meta["elements"]["cells.v"], serde_json::json!([0, 7]));
    assert_eq!(meta["clocks"]["dt"], 1e-4);
    assert_eq!(meta["groups"]["cells"]["method"], "exact");
}

trait MapBits {
    fn map_bits(self) -> Vec<u64>;
}

impl MapBits for Vec<f64> {
    fn map_bits(self) -> Vec<u64> {
        self.into_iter().map(f64::to_bits).collect()
    }
}

#[test]
fn npz_of_nothing_and_of_no_samples() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("run.npz");
    write(&path, &[]).unwrap();
    assert_eq!(NpzArchive::open(&path).unwrap().array_names().collect::<Vec<_>>(), ["meta"]);
    write(&path, &[Series { times: &[], values: &[], ..v() }]).unwrap();
    assert_eq!(floats(&mut NpzArchive::open(&path).unwrap(), "cells.v"), (vec![0, 2], vec![]));
}

#[test]
fn equal_results_are_equal_files() {
    let folder = tempdir().unwrap();
    for name in ["run.npz", "run.csv"] {
        let path = folder.path().join(name);
        write(&path, &[v()]).unwrap();
        let first = fs::read(&path).unwrap();
        write(&path, &[v()]).unwrap();
        assert!(first == fs::read(&path).unwrap(), "{name}");
    }
}

#[test]
fn csv_names_units_and_reads_back() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("run.csv");
    let w = Series { name: "cells.w", unit: "1", elements: &[3], values: &[0.1, 1e300, 5e-324], ..v() };
    write(&path, &[v(), w]).unwrap();
    let expected = "t [s],cells.v[0] [volt],cells.v[7] [volt],cells.w[3] [1]\n\
                    0,1,2,0.1\n\
                    0.0001,1e-30,nan,1e300\n\
                    0.0002,-1.75,-inf,5e-324\n";
    assert_eq!(fs::read_to_string(path).unwrap(), expected);
}

#[test]
fn csv_refuses_several_time_bases() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("run.csv");
    let w = Series { name: "cells.w", times: &[0.0, 1.0, 2.0], ..v() };
    let error = write(&path, &[v(), w]).unwrap_err().to_string();
    assert!(error.contains("`cells.v` and `cells.w`") && error.contains(".npz"), "{error}");
    assert!(!path.exists());
}

#[test]
fn endings_choose_the_format() {
    assert_eq!(DataFormat::of(Path::new("a/b.NPZ")).unwrap(), DataFormat::Npz);
    assert_eq!(DataFormat::of(Path::new("b.csv")).unwrap(), DataFormat::Csv);
    assert_eq!(FigureFormat::of(Path::new("b.tar.svg")).unwrap(), FigureFormat::Svg);
    assert_eq!(FigureFormat::of(Path::new("b.png")).unwrap(), FigureFormat::Png);
    for name in ["a.txt", "npz", ".npz", "a.svg", ""] {
        let error = DataFormat::of(Path::new(name)).unwrap_err().to_string();
        assert_eq!(error, format!("cannot write results to `{name}`: the name must end in .npz or .csv"));
    }
    let error = FigureFormat::of(Path::new("a.pdf")).unwrap_err().to_string();
    assert_eq!(error, "cannot write figures to `a.pdf`: the name must end in .svg or .png");
}

#[test]
fn a_failure_leaves_the_old_file_and_nothing_else() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("run.npz");
    fs::write(&path, "old").unwrap();
    let broken = Series { values: &VALUES[..5], ..v() };
    let error = write(&path, &[broken]).unwrap_err().to_string();
    assert_eq!(error, "`cells.v` has 5 values for 3 samples of 2 elements");
    let error = write(&path, &[v(), v()]).unwrap_err().to_string();
    assert_eq!(error, "`cells.v` is given twice");
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn success_leaves_one_file() {
    let folder = tempdir().unwrap();
    for name in ["run.npz", "run.csv", "run.svg", "run.png"] {
        let path = folder.path().join(name);
        fs::write(&path, "old").unwrap();
        if name.ends_with("v") || name.ends_with("z") { write(&path, &[v()]) } else { draw(&path, &[v()]) }.unwrap();
        assert_ne!(fs::read(&path).unwrap(), b"old");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4);
}

#[test]
fn missing_folders_and_folders_are_told_apart() {
    let folder = tempdir().unwrap();
    let missing = folder.path().join("no/such/run.npz");
    for result in [write(&missing, &[v()]), output::check_writable(&missing)] {
        assert!(matches!(result, Err(Error::MissingFolder { .. })), "{result:?}");
    }
    let taken = folder.path().join("taken.npz");
    fs::create_dir(&taken).unwrap();
    for result in [write(&taken, &[v()]), output::check_writable(&taken)] {
        assert!(matches!(result, Err(Error::IsFolder { .. })), "{result:?}");
    }
    let file_as_folder = folder.path().join("file");
    fs::write(&file_as_folder, "").unwrap();
    assert!(matches!(write(&file_as_folder.join("run.npz"), &[v()]), Err(Error::MissingFolder { .. })));
}

#[test]
fn checking_leaves_no_trace() {
    let folder = tempdir().unwrap();
    output::check_writable(&folder.path().join("run.npz")).unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[cfg(unix)]
#[test]
fn files_have_the_permissions_of_any_new_file_and_links_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempdir().unwrap();
    let usual = folder.path().join("usual");
    fs::write(&usual, "").unwrap();
    let (real, link) = (folder.path().join("real.npz"), folder.path().join("link.npz"));
    fs::write(&real, "old").unwrap();
    symlink(&real, &link).unwrap();
    write(&link, &[v()]).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_ne!(fs::read(&real).unwrap(), b"old");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(&real), mode(&usual));
}

#[test]
fn figures_name_what_they_show() {
    let times: Vec<f64> = (0..50).map(|k| f64::from(k) * 1e-3).collect();
    let values: Vec<f64> = (0..100).map(|k| f64::from(k) * 1e-3 - 0.07).collect();
    let text = svg(&[Series { times: &times, values: &values, ..v() }]);
    for label in ["decay.dvdt", "cells.v (mV)", "time (ms)", "element", "\n7\n", "sans-serif", "\u{2212}"] {
        assert!(text.contains(label) || text.contains(&label.replace('\n', "")), "{label} in {text}");
    }
}

#[test]
fn identical_elements_are_one_line() {
    let elements: Vec<usize> = (0..100).collect();
    let values: Vec<f64> = (0..300).map(|k| f64::from(k / 100)).collect();
    let text = svg(&[Series { elements: &elements, values: &values, ..v() }]);
    assert!(text.contains("100 identical"));
}

#[test]
fn many_elements_are_a_band() {
    let elements: Vec<usize> = (0..500).collect();
    let values: Vec<f64> = (0..1500).map(|k| f64::from(k * 37 % 501)).collect();
    let text = svg(&[Series { elements: &elements, values: &values, ..v() }]);
    for label in ["500 elements", "median", "quartiles", "range"] {
        assert!(text.contains(label), "{label}");
    }
    assert_eq!(text.matches("<polygon").count(), 2);
}

#[test]
fn long_recordings_are_small_figures() {
    let samples = 200_000_u32;
    let times: Vec<f64> = (0..samples).map(|k| f64::from(k) * 1e-4).collect();
    let elements: Vec<usize> = (0..20).collect();
    let noise = |k: u64| (k.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as f64;
    let values: Vec<f64> = (0..20 * u64::from(samples)).map(noise).collect();
    let one = Series { times: &times, elements: &elements, values: &values, ..v() };
    assert!(svg(&[one, Series { name: "cells.w", ..one }, Series { name: "cells.u", ..one }]).len() < 500_000);
}

#[test]
fn odd_recordings_are_drawn_too() {
    let folder = tempdir().unwrap();
    let one_sample = Series { times: &[0.5], values: &[1.0, 2.0], ..v() };
    let empty = Series { times: &[], values: &[], ..v() };
    let no_elements = Series { elements: &[], values: &[], ..v() };
    let only_nan = Series { values: &[f64::NAN; 6], ..v() };
    let constant = Series { values: &[3.0; 6], ..v() };
    let huge = Series { values: &[1e308, -1e308, 0.0, 5e-324, 1.0, 1e-300], ..v() };
    let far = Series { values: &[1e9, 1e9 + 1e-6, 1e9, 1e9, 1e9, 1e9], ..v() };
    for (index, series) in [one_sample, empty, no_elements, only_nan, constant, huge, far].iter().enumerate() {
        for ending in ["svg", "png"] {
            let path = folder.path().join(format!("{index}.{ending}"));
            draw(&path, &[*series]).unwrap();
            let mut start = [0; 4];
            fs::File::open(&path).unwrap().read_exact(&mut start).unwrap();
            assert!(start.starts_with(b"<svg") || start.ends_with(b"PNG"), "{index}");
        }
    }
    let path = folder.path().join("none.svg");
    draw(&path, &[]).unwrap();
    assert!(fs::read_to_string(path).unwrap().contains("nothing was recorded"));
}

fn spikes() -> Events<'static> {
    Events {
        counts: None,
        name: "cells.spikes",
        size: 4,
        times: &[1e-4, 1e-4, 3e-4],
        elements: &[0, 3, 3],
        values: &[("v", "volt", &[0.5, f64::NAN, 1e-30])],
    }
}

fn integers(archive: &mut Archive, name: &str) -> Vec<i64> {
    archive.by_name(name).unwrap().unwrap().into_vec().unwrap()
}

#[test]
fn npz_holds_the_parts_of_events() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("run.npz");
    let never = Events { name: "others.spikes", times: &[], elements: &[], values: &[], ..spikes() };
    write_both(&path, &[v()], &[spikes(), never]).unwrap();
    let mut archive = NpzArchive::open(&path).unwrap();
    assert_eq!(floats(&mut archive, "cells.v").0, [3, 2]);
    assert_eq!(floats(&mut archive, "cells.spikes.t"), (vec![3], spikes().times.to_vec()));
    assert_eq!(integers(&mut archive, "cells.spikes.i"), [0, 3, 3]);
    assert_eq!(integers(&mut archive, "cells.spikes.count"), [1, 0, 0, 2]);
    assert_eq!(floats(&mut archive, "cells.spikes.v").1.map_bits(), vec![0.5, f64::NAN, 1e-30].map_bits());
    assert_eq!(floats(&mut archive, "others.spikes.t"), (vec![0], vec![]));
    assert_eq!(integers(&mut archive, "others.spikes.count"), [0; 4]);

    let text = archive.by_name("meta").unwrap().unwrap().into_vec::<Vec<char>>().unwrap().remove(0);
    let meta: serde_json::Value = serde_json::from_str(&text.into_iter().collect::<String>()).unwrap();
    for (part, unit) in [("t", "second"), ("i", "1"), ("count", "1"), ("v", "volt")] {
        assert_eq!(meta["units"][format!("cells.spikes.{part}")], unit);
    }
}

#[test]
fn a_table_holds_one_kind_of_events() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("run.csv");
    write_both(&path, &[], &[spikes()]).unwrap();
    let expected = "t [s],i,v [volt]\n0.0001,0,0.5\n0.0001,3,nan\n0.0003,3,1e-30\n";
    assert_eq!(fs::read_to_string(&path).unwrap(), expected);
    let others = Events { name: "others.spikes", ..spikes() };
    for (series, events, names) in [
        (&[v()][..], &[spikes()][..], "`cells.v` and `cells.spikes`"),
        (&[], &[spikes(), others], "`cells.spikes` and `others.spikes`"),
    ] {
        let error = write_both(&path, series, events).unwrap_err().to_string();
        assert!(error.contains(names) && error.contains(".npz"), "{error}");
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), expected);
}

#[test]
fn events_that_do_not_fit() {
    let folder = tempdir().unwrap();
    let short = Events { elements: &[0, 3], ..spikes() };
    let few = Events { values: &[("v", "volt", &[0.5])], ..spikes() };
    let outside = Events { size: 3, ..spikes() };
    let clash = Events { values: &[("count", "1", &[0.0; 3])], ..spikes() };
    let cases: &[(&[Series<'_>], &[Events<'_>], &str)] = &[
        (&[], &[short], "`cells.spikes.i` has 2 values for 3 events"),
        (&[], &[few], "`cells.spikes.v` has 1 values for 3 events"),
        (&[], &[outside], "`cells.spikes` has an event of element 3, but there are 3 elements"),
        (&[], &[spikes(), spikes()], "`cells.spikes` is given twice"),
        (&[Series { name: "cells.spikes", ..v() }], &[spikes()], "`cells.spikes` is given twice"),
        (&[], &[clash], "`cells.spikes.count` is given twice"),
    ];
    for (series, events, expected) in cases {
        let error = write_both(&folder.path().join("run.npz"), series, events).unwrap_err().to_string();
        assert_eq!(error, *expected);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// Numbers that look random.
fn hash(k: u64) -> u64 {
    let mixed = (k ^ 0x5555).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed ^ (mixed >> 32)
}

/// Times and elements of `count` events within a second.
fn scattered(count: u64, size: u64) -> (Vec<f64>, Vec<u32>) {
    let times = (0..count).map(|k| k as f64 / count as f64).collect();
    (times, (0..count).map(|k| (hash(k) % size) as u32).collect())
}

#[test]
fn rasters_name_what_they_show() {
    let text = svg_of_both(&[v()], &[spikes()]);
    for label in ["cells.spikes (element)", "cells.v (V)", "time (µs)", "\n3\n", "\n300\n"] {
        assert!(text.contains(label), "{label} in {text}");
    }
    let path = text.split(" d=\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(path.matches('h').count(), 3, "{path}");
    let never = Events { size: 50, times: &[], elements: &[], values: &[], ..spikes() };
    let text = svg_of_both(&[], &[never]);
    assert!(text.contains("no events") && text.contains("\n40\n") && !text.contains("<path"), "{text}");
}

#[test]
fn many_events_are_small_figures() {
    let (times, elements) = scattered(10_000_000, 100_000);
    let dense = Events { size: 100_000, times: &times, elements: &elements, values: &[], ..spikes() };
    assert!(svg_of_both(&[], &[dense]).len() < 2_000_000);
    // Few enough that most marks stand alone.
    let sparse = |count: usize| Events { times: &times[..count], elements: &elements[..count], ..dense };
    for count in [19_000, 50_000] {
        let one = sparse(count);
        let text = svg_of_both(&[v()], &[one, Events { name: "b.x", ..one }, Events { name: "c.x", ..one }]);
        assert!(text.len() < 2_000_000, "{count}: {}", text.len());
    }
    let names: Vec<String> = (0..24).map(|k| format!("group{k}.spikes")).collect();
    let all: Vec<_> = names.iter().map(|name| Events { name, ..sparse(100_000) }).collect();
    let text = svg_of_both(&[], &all);
    assert!(text.len() < 2_000_000 && text.contains("(thinned)"), "{}", text.len());
}

#[test]
fn odd_events_are_drawn_too() {
    let folder = tempdir().unwrap();
    let single = Events { times: &[0.0], elements: &[0], values: &[], size: 1, ..spikes() };
    let nobody = Events { times: &[], elements: &[], values: &[], size: 0, ..spikes() };
    let never = Events { times: &[f64::NAN], ..single };
    let late = Events { times: &[1e9], ..single };
    for (index, events) in [single, nobody, never, late].iter().enumerate() {
        for ending in ["svg", "png"] {
            let path = folder.path().join(format!("{index}.{ending}"));
            draw_both(&path, &[], &[*events]).unwrap();
            draw_both(&path, &[v()], &[*events]).unwrap();
        }
    }
}

/// The shape and the numbers of an array, as any reader sees them.
fn load<T: npyz::Deserialize>(path: &Path) -> (Vec<u64>, Vec<T>) {
    let array = npyz::NpyFile::new(BufReader::new(fs::File::open(path).unwrap())).unwrap();
    let (shape, count) = (array.shape().to_vec(), array.len() as usize);
    (shape, array.data().unwrap().take(count).map(Result::unwrap).collect())
}

#[test]
fn a_killed_stream_holds_what_was_flushed() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("v.npy");
    let mut stream = NpyStream::create(&path, Some(2), Number::Float).unwrap();
    assert_eq!(load::<f64>(&path), (vec![0, 2], vec![]));
    stream.append_floats(&[1.0, 2.0, 3.0, 4.0]).unwrap();
    stream.flush().unwrap();
    // More than is gathered, so that a part of it is in the file.
    stream.append_floats(&[5.0; 20_000]).unwrap();
    assert_eq!(stream.rows(), 10_002);
    std::mem::forget(stream);
    assert!(fs::metadata(&path).unwrap().len() > 128 + 32);
    assert_eq!(load::<f64>(&path), (vec![2, 2], vec![1.0, 2.0, 3.0, 4.0]));
    assert_eq!(dvdt::table::read(&path).unwrap().values, [1.0, 2.0, 3.0, 4.0]);

    let mut stream = NpyStream::open_existing(&path, Some(2), Number::Float, 1).unwrap();
    assert_eq!(load::<f64>(&path), (vec![1, 2], vec![1.0, 2.0]));
    stream.append_floats(&[6.0, 7.0]).unwrap();
    stream.append_floats(&[]).unwrap();
    stream.finish().unwrap();
    assert_eq!(load::<f64>(&path), (vec![2, 2], vec![1.0, 2.0, 6.0, 7.0]));
    assert_eq!(fs::metadata(&path).unwrap().len(), 128 + 32);
}

#[test]
fn streams_of_single_integers_and_of_nothing() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("i.npy");
    let numbers: Vec<i64> = (-50_000..50_000).collect();
    let mut stream = NpyStream::create(&path, None, Number::Integer).unwrap();
    for piece in numbers.chunks(777) {
        stream.append_integers(piece).unwrap();
    }
    stream.finish().unwrap();
    assert_eq!(load::<i64>(&path), (vec![100_000], numbers));
    let mut stream = NpyStream::create(&path, Some(0), Number::Float).unwrap();
    stream.append_floats(&[]).unwrap();
    stream.finish().unwrap();
    assert_eq!(load::<f64>(&path), (vec![0, 0], vec![]));
}

#[test]
fn streams_refuse_what_does_not_fit() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("v.npy");
    let mut stream = NpyStream::create(&path, Some(3), Number::Float).unwrap();
    let error = stream.append_floats(&[1.0]).unwrap_err().to_string();
    assert!(error.starts_with("cannot append 1 float64 to") && error.ends_with("its rows are 3 float64"), "{error}");
    assert!(matches!(stream.append_integers(&[1, 2, 3]), Err(Error::Rows { .. })));
    stream.append_floats(&[1.0; 6]).unwrap();
    stream.finish().unwrap();
    let before = fs::read(&path).unwrap();
    for (width, kind, rows, expected) in [
        (Some(2), Number::Float, 0, "its rows are 3 float64, but 2 float64 are to follow"),
        (None, Number::Float, 0, "its rows are 3 float64, but single float64 are to follow"),
        (Some(3), Number::Integer, 0, "its rows are 3 float64, but 3 int64 are to follow"),
        (Some(3), Number::Float, 3, "it holds 2 rows, but 3 were written to it"),
    ] {
        let error = NpyStream::open_existing(&path, width, kind, rows).unwrap_err().to_string();
        assert!(error.starts_with("cannot go on with `") && error.ends_with(expected), "{error}");
        assert!(before == fs::read(&path).unwrap());
    }
    for (bytes, expected) in [(&before[..100], "row by row"), (b"", "row by row")] {
        fs::write(&path, bytes).unwrap();
        let error = NpyStream::open_existing(&path, Some(3), Number::Float, 0).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let missing = folder.path().join("no/v.npy");
    assert!(matches!(NpyStream::create(&missing, None, Number::Float), Err(Error::MissingFolder { .. })));
    let error = NpyStream::open_existing(&missing, None, Number::Float, 0).unwrap_err().to_string();
    assert!(error.ends_with("it does not exist"), "{error}");
}

#[test]
fn meta_stands_beside_streams() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("meta.json");
    output::write_meta(
        &path,
        &meta(),
        &[("cells.v".to_owned(), "volt".to_owned())].into(),
        &[("cells.v".to_owned(), vec![3])].into(),
    )
    .unwrap();
    let read: serde_json::Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(read["units"], serde_json::json!({"cells.v": "volt"}));
    assert_eq!((read["format"].as_u64(), read["seed"].as_u64()), (Some(1), Some(7)));
    assert_eq!(read["groups"]["cells"]["size"], 8);
}

/// Writes figures to look at: `DVDT_GALLERY=folder cargo test --test output gallery -- --ignored`.
#[test]
#[ignore = "for eyes, not for machines"]
fn gallery() {
    let folder = std::env::var("DVDT_GALLERY").unwrap();
    let show = |name: &str, series: &[Series<'_>]| {
        for ending in ["svg", "png"] {
            if let Err(error) = draw(&Path::new(&folder).join(format!("{name}.{ending}")), series) {
                eprintln!("{error}");
            }
        }
    };
    let times: Vec<f64> = (0..1_000_000).map(|k| f64::from(k) * 1e-4).collect();
    let elements: Vec<usize> = (0..100).collect();
    let values: Vec<f64> = times.iter().flat_map(|t| vec![1e-3 * (-t / 10.0).exp(); 100]).collect();
    let start = std::time::Instant::now();
    show("decay", &[Series { elements: &elements, times: &times, values: &values, ..v() }]);
    eprintln!("decay, both files: {:?}", start.elapsed());
    let short = &times[..3000];
    let wave = |count: usize, scale: f64| -> Vec<f64> {
        let at =
            |t: &f64, k: usize| scale * ((60.0 * t + 0.3 * k as f64).sin() * (1.0 + k as f64 / count as f64) - 0.5);
        short.iter().flat_map(|t| (0..count).map(move |k| at(t, k))).collect()
    };
    let (few, many, crowd) = (wave(4, 0.04), wave(30, 3e-9), wave(300, 1.0));
    let crowd_elements: Vec<usize> = (0..300).collect();
    let few = Series { times: short, elements: &elements[..4], values: &few, ..v() };
    let many = Series { name: "cells.g", unit: "siemens", elements: &elements[..30], values: &many, ..few };
    let crowd = Series { name: "others.n", unit: "1", elements: &crowd_elements, values: &crowd, ..few };
    show("mixed", &[few, many, crowd]);
    show("two", &[few, Series { name: "x.w", unit: "1/second", ..crowd }]);
    let noise: Vec<f64> = (0..1_000_000u64).map(|k| (k.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) as f64).collect();
    show("noise", &[Series { times: &times, elements: &[0], values: &noise, unit: "1", ..v() }]);
    let one: Vec<f64> = few.values.iter().step_by(4).copied().collect();
    for name in ["few.npz", "few.csv"] {
        if let Err(error) = write(&Path::new(&folder).join(name), &[few, many]) {
            eprintln!("{error}");
        }
    }
    show("one", &[Series { elements: &[3], values: &one, ..few }]);
}

/// Writes rasters to look at: `DVDT_GALLERY=folder cargo test --test output rasters_gallery -- --ignored`.
#[test]
#[ignore = "for eyes, not for machines"]
fn rasters_gallery() {
    let folder = std::env::var("DVDT_GALLERY").unwrap();
    let show = |name: &str, series: &[Series<'_>], events: &[Events<'_>]| {
        for ending in ["svg", "png"] {
            draw_both(&Path::new(&folder).join(format!("{name}.{ending}")), series, events).unwrap();
        }
    };
    let (times, elements) = scattered(60, 10);
    let few = Events { size: 10, times: &times, elements: &elements, values: &[], ..spikes() };
    // A wave of activity that grows slower in higher elements.
    let network = |count: u64, size: u32| -> (Vec<f64>, Vec<u32>) {
        let mut events: Vec<(f64, u32)> = (0..count)
            .map(|k| {
                let element = (hash(3 * k) % u64::from(size)) as u32;
                let noise = |k: u64| (hash(k) >> 11) as f64 / (1u64 << 53) as f64;
                let centre = (noise(3 * k + 1) * 12.0).floor() / 12.0;
                let spread = 0.02 * (noise(3 * k + 2) + noise(7 * k + 5) + noise(11 * k + 7) - 1.5);
                ((centre + 0.04 + spread + 0.03 * f64::from(element) / f64::from(size)).rem_euclid(1.0), element)
            })
            .collect();
        events.sort_by(|a, b| a.partial_cmp(b).unwrap());
        events.into_iter().unzip()
    };
    let (times, elements) = network(20_000, 1000);
    let many = Events { size: 1000, times: &times, elements: &elements, values: &[], ..spikes() };
    let (times, elements) = network(200_000, 4000);
    let crowd = Events { size: 4000, times: &times, elements: &elements, values: &[], ..spikes() };
    let bins: Vec<f64> = (0..1000).map(|k| f64::from(k) * 1e-3).collect();
    let mut rate = vec![0.0; 1000];
    many.times.iter().for_each(|time| rate[((time * 1000.0) as usize).min(999)] += 1.0);
    let rate = Series { name: "cells.rate", unit: "hertz", elements: &[0], times: &bins, values: &rate };
    let wave: Vec<f64> = bins.iter().flat_map(|t| [(40.0 * t).sin() * 0.01 - 0.06, (40.0 * t).cos() * 0.01]).collect();
    let wave = Series { times: &bins, values: &wave, ..v() };
    show("raster-few", &[], &[few]);
    show("raster-many", &[], &[many]);
    show("raster-crowd", &[], &[crowd]);
    show("raster-rate", &[rate], &[many]);
    show("raster-mixed", &[rate, wave], &[Events { name: "inputs.spikes", ..few }, many]);
    show("raster-none", &[], &[Events { times: &[], elements: &[], ..many }]);
}

#[test]
#[ignore = "writes 4.4 GB"]
fn arrays_above_four_gigabytes() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("large.npz");
    let values = vec![0.0; 550_000_000]; // the system maps one page of zeros for all of it
    let times: Vec<f64> = (0..5_500_000).map(f64::from).collect();
    let elements: Vec<usize> = (0..100).collect();
    let large = Series { elements: &elements, times: &times, values: &values, ..v() };
    let after = Series { name: "cells.w", ..v() };
    let start = std::time::Instant::now();
    write(&path, &[large, after]).unwrap();
    eprintln!("{:?}", start.elapsed());
    let mut archive = NpzArchive::open(&path).unwrap();
    assert_eq!(archive.by_name("cells.v").unwrap().unwrap().shape(), [5_500_000, 100]);
    assert_eq!(floats(&mut archive, "cells.w").1.map_bits(), VALUES.to_vec().map_bits());
    if let Ok(python) = std::env::var("DVDT_NUMPY") {
        let code =
            "import sys, numpy; f = numpy.load(sys.argv[1]); print(f['cells.w'], f['cells.w.t'], f['cells.v.t'][-1])";
        assert!(std::process::Command::new(python).args(["-c", code]).arg(&path).status().unwrap().success());
    }
}

#[test]
fn figures_say_where_they_come_from() {
    let folder = tempdir().unwrap();
    let expected = [r#""seed":7"#, r#""units":{"cells.v":"volt"}"#, r##""model":"# µ \"quoted\"\nrun 1*ms""##];
    let svg = svg(&[v()]);
    let (_, rest) = svg.split_once("<metadata>").unwrap();
    let (text, end) = rest.split_once("</metadata>").unwrap();
    assert_eq!(end.trim(), "</svg>");
    assert!(expected.iter().all(|part| text.contains(part)), "{text}");
    let path = folder.path().join("a.png");
    draw(&path, &[v()]).unwrap();
    let image = fs::read(path).unwrap();
    let (mut rest, mut found, mut kinds) = (&image[8..], None, vec![]);
    while let Some((head, more)) = rest.split_first_chunk::<8>() {
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize;
        let checksum = crc32fast::hash(&rest[4..8 + length]).to_be_bytes();
        assert_eq!(more[length..length + 4], checksum);
        kinds.push(String::from_utf8(head[4..].to_vec()).unwrap());
        if kinds.last().unwrap() == "iTXt" {
            found = more[..length].strip_prefix(b"dvdt\0\0\0\0\0");
        }
        rest = &more[length + 4..];
    }
    assert_eq!((kinds[0].as_str(), kinds.last().unwrap().as_str(), rest.len()), ("IHDR", "IEND", 0));
    let text = std::str::from_utf8(found.unwrap()).unwrap();
    assert!(expected.iter().all(|part| text.contains(part)), "{text}");
}
