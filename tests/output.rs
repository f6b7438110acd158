//! Files and figures of recordings: what they hold, and that they are whole or not there.

use std::fs;
use std::io::{BufReader, Read};
use std::path::Path;

use dvdt::output::{self, DataFormat, Error, FigureFormat, GroupMeta, Meta, Series};
use npyz::npz::NpzArchive;
use tempfile::tempdir;

const TIMES: [f64; 3] = [0.0, 1e-4, 2e-4];
const VALUES: [f64; 6] = [1.0, 2.0, 1e-30, f64::NAN, -1.75, f64::NEG_INFINITY];

fn v() -> Series<'static> {
    Series { name: "cells.v", unit: "volt", elements: &[0, 7], times: &TIMES, values: &VALUES }
}

fn meta() -> Meta {
    let group = GroupMeta { size: 8, clock: "dt".into(), method: "exact".into(), reason: "linear".into() };
    Meta {
        model: "# µ \"quoted\"\nrun 1*ms".into(),
        seed: Some(7),
        clocks: [("dt".to_owned(), 1e-4)].into(),
        groups: [("cells".to_owned(), group)].into(),
        ..Meta::default()
    }
}

fn write(path: &Path, series: &[Series<'_>]) -> Result<(), Error> {
    output::write_data(path, DataFormat::of(path)?, series, &[], &meta())
}

fn draw(path: &Path, series: &[Series<'_>]) -> Result<(), Error> {
    output::write_figure(path, FigureFormat::of(path)?, "decay.dvdt", series, &[])
}

fn svg(series: &[Series<'_>]) -> String {
    let folder = tempdir().unwrap();
    let path = folder.path().join("figure.svg");
    draw(&path, series).unwrap();
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
