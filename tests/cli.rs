//! The command line as a user and as a script sees it: output, messages, files and exit statuses.

use npyz::npz::NpzArchive;
use serde_json::Value;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::{TempDir, tempdir};

const MODEL: &str = "\
clock dt = 0.1*ms
group cells[3] {
    dv/dt = -v/tau : volt
    tau : second (constant)
    y = 2*v : volt
    method euler
    init v = 1*mV*(i + 1)
    init tau = 10*ms
}
record cells.v
record cells.y[1]
run 1*ms
";

/// Years of ticks, of which one in a million is recorded.
const ENDLESS: &str = "\
clock dt = 0.1*ms
group cells[3] {
    dv/dt = -v/tau : volt
    tau : second (constant)
    method euler
    init v = 1*mV
    init tau = 1e9*second
}
record cells.v every 100*second
run 100000000*second
";

/// A folder with model files in it, in which commands run.
struct Place(TempDir);

impl Place {
    fn with(text: &str) -> Place {
        let place = Place(tempdir().unwrap());
        fs::write(place.path("model.dvdt"), text).unwrap();
        place
    }

    fn new() -> Place {
        Place::with(MODEL)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dvdt"));
        command.args(arguments).current_dir(self.0.path()).stdin(Stdio::null());
        command
    }

    fn dvdt(&self, arguments: &[&str]) -> Done {
        Done::of(self.command(arguments).output().unwrap())
    }

    /// The names of all files, hidden ones too.
    fn files(&self) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(self.0.path()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// How a command ended.
struct Done {
    status: Option<i32>,
    out: String,
    err: String,
}

impl Done {
    fn of(output: Output) -> Done {
        let text = |bytes| String::from_utf8(bytes).expect("all output is UTF-8");
        let done = Done { status: output.status.code(), out: text(output.stdout), err: text(output.stderr) };
        assert!(!done.err.contains("panicked"), "{}", done.err);
        done
    }

    #[track_caller]
    fn succeeds(self) -> Done {
        assert_eq!(self.status, Some(0), "{}\n{}", self.out, self.err);
        self
    }

    /// Ends with a status, says `parts` on the error stream and nothing on the other.
    #[track_caller]
    fn fails(self, status: i32, parts: &[&str]) -> Done {
        assert_eq!(self.status, Some(status), "{}\n{}", self.out, self.err);
        for part in parts {
            assert!(self.err.contains(part), "{part:?} is not in:\n{}", self.err);
        }
        assert_eq!(self.out, "");
        self
    }
}

type Archive = NpzArchive<std::io::BufReader<fs::File>>;

fn floats(archive: &mut Archive, name: &str) -> (Vec<u64>, Vec<f64>) {
    let array = archive.by_name(name).unwrap().unwrap_or_else(|| panic!("no array {name}"));
    (array.shape().to_vec(), array.into_vec().unwrap())
}

/// The text `meta` of an archive: a NumPy text, four bytes for each character.
fn meta(path: &Path) -> Value {
    let mut archive = npyz::zip::ZipArchive::new(fs::File::open(path).unwrap()).unwrap();
    let mut bytes = vec![];
    archive.by_name("meta.npy").unwrap().read_to_end(&mut bytes).unwrap();
    let header = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let words = bytes[header..].chunks_exact(4).map(|word| u32::from_le_bytes(word.try_into().unwrap()));
    let text: String = words.map(|word| char::from_u32(word).unwrap()).collect();
    serde_json::from_str(&text).unwrap()
}

// run

#[test]
fn run_says_what_it_simulated_and_nothing_else() {
    let place = Place::new();
    let done = place.dvdt(&["run", "model.dvdt"]).succeeds();
    assert!(done.out.starts_with("1.000 ms simulated in ") && done.out.ends_with('\n'), "{}", done.out);
    assert_eq!((done.out.lines().count(), done.err.as_str()), (1, ""));
    assert_eq!(place.files(), ["model.dvdt"]);
}

#[test]
fn npz_holds_what_was_recorded_and_where_it_came_from() {
    let place = Place::new();
    place.dvdt(&["run", "model.dvdt", "--out", "r.npz", "--seed", "5"]).succeeds();
    let mut archive = NpzArchive::open(place.path("r.npz")).unwrap();
    let (shape, v) = floats(&mut archive, "cells.v");
    assert_eq!(shape, [10, 3]);
    for (sample, row) in v.chunks(3).enumerate() {
        for (element, value) in row.iter().enumerate() {
            let expected = 1e-3 * (element + 1) as f64 * 0.99f64.powf(sample as f64);
            assert!((value - expected).abs() < 1e-14 * expected, "{value:e} {expected:e}");
        }
    }
    let (shape, times) = floats(&mut archive, "cells.v.t");
    assert_eq!(shape, [10]);
    assert!(times.iter().enumerate().all(|(sample, time)| (time - 1e-4 * sample as f64).abs() < 1e-18));
    let (shape, y) = floats(&mut archive, "cells.y");
    assert_eq!((shape, y[3]), (vec![10, 1], 2.0 * v[10]));

    let meta = meta(&place.path("r.npz"));
    for (key, expected) in [
        ("seed", Value::from(5)),
        ("complete", true.into()),
        ("start", 0.0.into()),
        ("stop", 0.001.into()),
        ("executor", "jit".into()),
        ("math", "fast".into()),
        ("model", MODEL.into()),
        ("version", env!("CARGO_PKG_VERSION").into()),
        ("clocks", serde_json::json!({ "dt": 1e-4 })),
        (
            "units",
            serde_json::json!({ "cells.v": "volt", "cells.v.t": "second", "cells.y": "volt", "cells.y.t": "second" }),
        ),
        ("elements", serde_json::json!({ "cells.v": [0, 1, 2], "cells.y": [1] })),
        ("warnings", serde_json::json!([])),
    ] {
        assert_eq!(meta[key], expected, "{key}");
    }
    assert_eq!((&meta["groups"]["cells"]["size"], &meta["groups"]["cells"]["method"]), (&3.into(), &"euler".into()));
}

#[test]
fn csv_holds_a_row_for_each_sample() {
    let place = Place::new();
    place.dvdt(&["run", "model.dvdt", "--out", "r.CSV"]).succeeds();
    let text = fs::read_to_string(place.path("r.CSV")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "t [s],cells.v[0] [volt],cells.v[1] [volt],cells.v[2] [volt],cells.y[1] [volt]");
    assert_eq!((lines.len(), lines[1]), (11, "0,0.001,0.002,0.003,0.004"));
}

#[test]
fn recordings_that_do_not_fit_into_a_file_are_refused_before_the_run() {
    let endless = MODEL
        .replace("run 1*ms", "run 100000000*second")
        .replace("record cells.v\n", "record cells.v[0] every 100*second\n");
    let place = Place::with(&endless.replace("cells.y[1]", "cells.y[1] every 200*second"));
    place
        .dvdt(&["run", "model.dvdt", "--out", "r.csv"])
        .fails(1, &["`cells.v`", "`cells.y`", "different times", ".npz"]);
    assert_eq!(place.files(), ["model.dvdt"]);
}

#[test]
fn a_variable_at_two_intervals_has_two_names() {
    let place = Place::with(&MODEL.replace("cells.y[1]", "cells.v[1] every 0.5*ms"));
    place.dvdt(&["run", "model.dvdt", "--out", "r.npz", "--plot", "r.svg"]).succeeds();
    let mut file = NpzArchive::open(place.path("r.npz")).unwrap();
    assert_eq!(floats(&mut file, "cells.v").0, [10, 3]);
    assert_eq!(floats(&mut file, "cells.v#2").0, [2, 1]);
}

#[test]
fn a_model_that_records_nothing_has_nothing_to_write() {
    let place = Place::with("group g[1] {\n    x : 1\n}\nrun 1*ms\n");
    place.dvdt(&["run", "model.dvdt", "--out", "r.npz"]).fails(1, &["records nothing", "record cells.v"]);
    place.dvdt(&["run", "model.dvdt"]).succeeds();
    assert_eq!(place.files(), ["model.dvdt"]);
}

#[test]
fn the_same_run_twice_writes_the_same_bytes() {
    let place = Place::with(&MODEL.replace("init tau = 10*ms", "init tau = 10*ms + rand()*ms"));
    for (name, more) in [
        ("a.npz", &["--seed", "3"][..]),
        ("b.npz", &["--seed", "3"]),
        ("c.npz", &["--seed", "4"]),
        ("d.npz", &["--seed", "3", "--lanes", "1", "--interleave", "4"]),
    ] {
        let arguments = [&["run", "model.dvdt", "--out", name][..], more].concat();
        place.dvdt(&arguments).succeeds();
    }
    let [a, b, c, d] = ["a.npz", "b.npz", "c.npz", "d.npz"].map(|name| fs::read(place.path(name)).unwrap());
    assert!(a == b, "the same run wrote another file");
    assert!(a == d, "the layout of the code changed a bit");
    assert!(a != c, "another seed, other numbers");
    place.dvdt(&["run", "model.dvdt", "--out", "e.npz", "--seed", "3", "--executor", "interpreter"]).succeeds();
    let values = |name: &str| floats(&mut NpzArchive::open(place.path(name)).unwrap(), "cells.v").1;
    assert_eq!(values("a.npz"), values("e.npz"));
}

#[test]
fn figures_are_written_as_their_ending_says() {
    let place = Place::new();
    place.dvdt(&["run", "model.dvdt", "--plot", "f.svg"]).succeeds();
    place.dvdt(&["run", "model.dvdt", "--plot", "f.png", "--out", "r.npz"]).succeeds();
    assert!(fs::read_to_string(place.path("f.svg")).unwrap().contains("cells.v"));
    assert_eq!(&fs::read(place.path("f.png")).unwrap()[..8], b"\x89PNG\r\n\x1a\n");
    assert_eq!(place.files(), ["f.png", "f.svg", "model.dvdt", "r.npz"]);
}

#[test]
fn set_takes_values_with_units() {
    let place = Place::new();
    let run = |arguments: &[&str]| {
        let all = [&["run", "model.dvdt", "--out", "r.csv"][..], arguments].concat();
        place.dvdt(&all).succeeds();
        let text = fs::read_to_string(place.path("r.csv")).unwrap();
        let meta = fs::read_to_string(place.path("r.csv.meta.json")).unwrap();
        assert!(["\"seed\":", "\"version\":", "run 1*ms"].iter().all(|part| meta.contains(part)), "{meta}");
        text.lines().nth(2).unwrap().to_owned()
    };
    assert_eq!(run(&["--set", "cells.tau=5*ms"]), "0.0001,0.00098,0.00196,0.00294,0.00392");
    assert_eq!(run(&["--set", "cells.tau = 1*ms*2"]), run(&["--set", "cells.tau=2*ms"]));
    assert_eq!(run(&["--set", "cells.tau=1*ms", "--set", "cells.tau=tau*2"]), run(&["--set", "cells.tau=2*ms"]));
    assert_eq!(run(&["--set", "cells.v=i*mV"]).split(',').nth(1), Some("0"));
}

#[test]
fn a_wrong_set_is_explained_before_the_run() {
    let place = Place::with(
        &MODEL.replace("run 1*ms", "run 100000000*second").replace("record cells.v\nrecord cells.y[1]\n", ""),
    );
    for (set, parts) in [
        ("cells.tau=5", &["is in second", "pure number", "5*second", "<set cells.tau>:1:7", "model.dvdt:4:5"][..]),
        ("cells.tau=5*mV", &["second", "volt", "<set cells.tau>"]),
        ("cells.tua=5*ms", &["no variable `cells.tua`", "did you mean `cells.tau`?"]),
        ("cell.tau=5*ms", &["no group `cell`", "did you mean `cells`?"]),
        ("cells.y=5*mV", &["`cells.y`", "computed"]),
        ("tau=5*ms", &["group.variable"]),
        ("cells.tau", &["--set cells.tau", "GROUP.NAME=VALUE"]),
        ("cells.tau=", &["an expression is missing"]),
        ("cells.tau=5*", &["an expression is missing"]),
        ("cells.tau=q", &["`q`"]),
        ("", &["GROUP.NAME=VALUE"]),
    ] {
        place.dvdt(&["run", "model.dvdt", "--set", set]).fails(1, parts);
    }
}

#[test]
fn outputs_that_cannot_be_written_are_refused_before_the_run() {
    let place = Place::with(ENDLESS);
    fs::create_dir(place.path("folder.npz")).unwrap();
    for (option, path, parts) in [
        ("--out", "r.txt", &["r.txt", ".npz or .csv"][..]),
        ("--out", "r", &["`r`", ".npz or .csv"]),
        ("--out", "r.svg", &["r.svg", ".npz or .csv"]),
        ("--plot", "r.npz", &["r.npz", ".svg or .png"]),
        ("--plot", "r.jpg", &["r.jpg", ".svg or .png"]),
        ("--out", "nowhere/r.npz", &["no folder", "nowhere"]),
        ("--out", "model.dvdt/r.npz", &["no folder", "model.dvdt"]),
        ("--out", "folder.npz", &["folder.npz", "is a folder"]),
        ("--out", "model.dvdt", &["model.dvdt is the model itself"]),
        ("--out", "/proc/r.npz", &["/proc"]),
    ] {
        place.dvdt(&["run", "model.dvdt", option, path]).fails(1, parts);
    }
    assert_eq!(place.files(), ["folder.npz", "model.dvdt"]);
}

/// A device or a pipe in the place of a file is left alone, and no output is written over another.
#[cfg(unix)]
#[test]
fn outputs_replace_nothing_but_files_of_their_own() {
    let place = Place::new();
    let made = Command::new("mkfifo").arg(place.path("pipe.npz")).status().unwrap();
    assert!(made.success());
    place.dvdt(&["run", "model.dvdt", "--out", "pipe.npz"]).fails(1, &["pipe.npz", "is a device or a pipe"]);
    fs::create_dir(place.path("streams")).unwrap();
    assert!(Command::new("mkfifo").arg(place.path("streams/cells.v.npy")).status().unwrap().success());
    place.dvdt(&["run", "model.dvdt", "--stream", "streams"]).fails(1, &["cells.v.npy", "is a device or a pipe"]);

    let every = ["run", "model.dvdt", "--checkpoint-every", "1*ms"];
    let run = |more: &[&str]| place.dvdt(&[&every[..], more].concat());
    run(&["--checkpoint", "model.dvdt"]).fails(1, &["model.dvdt is the model itself"]);
    run(&["--checkpoint", "z.npz", "--out", "z.npz"]).fails(1, &["z.npz is the file of --out"]);
    std::os::unix::fs::symlink("model.dvdt", place.path("link.npz")).unwrap();
    run(&["--out", "link.npz"]).fails(1, &["link.npz is the model itself"]);
    assert_eq!(fs::read_to_string(place.path("model.dvdt")).unwrap(), MODEL);

    fs::create_dir(place.path("r.csv.meta.json")).unwrap();
    let one = MODEL.replace("record cells.y[1]\n", "");
    fs::write(place.path("one.dvdt"), one).unwrap();
    place.dvdt(&["run", "one.dvdt", "--out", "r.csv"]).fails(1, &["r.csv.meta.json", "is a folder"]);
    assert!(!place.path("r.csv").exists());
    place
        .dvdt(&["run", "model.dvdt", "--checkpoint-every", "1e-9*second"])
        .fails(1, &["--checkpoint-every", "shorter than a tick"]);
    place.dvdt(&["run", "model.dvdt", "--checkpoint-every", "5"]).fails(1, &["--checkpoint-every 5", "`1*second`"]);
}

#[test]
fn an_existing_file_is_replaced_only_by_a_whole_one() {
    let place = Place::new();
    fs::write(place.path("r.npz"), "old").unwrap();
    place.dvdt(&["run", "model.dvdt", "--out", "r.npz", "--set", "cells.tau=5*mV"]).fails(1, &["volt"]);
    assert_eq!(fs::read(place.path("r.npz")).unwrap(), b"old");
    place.dvdt(&["run", "model.dvdt", "--out", "r.npz"]).succeeds();
    assert_eq!(floats(&mut NpzArchive::open(place.path("r.npz")).unwrap(), "cells.v").0, [10, 3]);
    assert_eq!(place.files(), ["model.dvdt", "r.npz"], "no temporary file is left");
}

#[test]
fn a_disk_without_room_is_reported_and_nothing_is_left() {
    // A limit on the size of files stands for the full disk: 8 blocks of 1024 bytes in bash.
    let place = Place::with(&MODEL.replace("run 1*ms", "run 1*second"));
    fs::write(place.path("r.npz"), "old").unwrap();
    let line = format!("trap '' XFSZ; ulimit -f 8; exec {} run model.dvdt --out r.npz", env!("CARGO_BIN_EXE_dvdt"));
    let done = Done::of(Command::new("bash").args(["-c", &line]).current_dir(place.0.path()).output().unwrap());
    done.fails(1, &["no room to write `r.npz`", "nothing was written"]);
    assert_eq!(fs::read(place.path("r.npz")).unwrap(), b"old");
    assert_eq!(place.files(), ["model.dvdt", "r.npz"]);
}

#[test]
fn non_finite_values_are_warned_about_and_kept_in_the_file() {
    let place = Place::with(
        "group cells[3] {\n    dx/dt = x**2/ms : 1\n    method euler\n    init x = 10*i\n}\nrecord cells.x every 1*ms\nrun 3*ms\n",
    );
    let done = place.dvdt(&["run", "model.dvdt", "--out", "r.npz"]).succeeds();
    assert_eq!(done.err, "warning: `cells.x[2]` is inf at t = 0.001 s (tick 10)\n");
    assert_eq!(meta(&place.path("r.npz"))["warnings"][0], "`cells.x[2]` is inf at t = 0.001 s (tick 10)");
}

#[test]
fn verbose_shows_the_choice_of_the_scheme() {
    let place = Place::with(&MODEL.replace("    method euler\n", ""));
    let done = place.dvdt(&["run", "model.dvdt", "--verbose", "--threads", "2"]).succeeds();
    assert!(done.err.contains("no group was shared out among 2 threads"), "{}", done.err);
    assert!(done.err.contains("exact") && done.err.contains("cells[3]"), "{}", done.err);
    assert_eq!(place.dvdt(&["run", "model.dvdt"]).succeeds().err, "");
}

// Model files

#[test]
fn model_files_that_cannot_be_read() {
    let place = Place::new();
    fs::write(place.path("latin.dvdt"), b"# fine\n# caf\xe9\n").unwrap();
    for verb in [&["run"][..], &["check"], &["emit", "--stage", "ast"], &["verify"], &["bench"]] {
        let fails = |path: &str, parts: &[&str]| place.dvdt(&[verb, &[path]].concat()).fails(1, parts);
        fails("nowhere.dvdt", &["error: cannot read nowhere.dvdt: "]);
        fails(".", &["error: cannot read .: ", "irectory"]);
        fails("latin.dvdt", &["latin.dvdt", "not UTF-8", "line 2", "0xe9", "save the model as UTF-8"]);
    }
}

#[test]
fn odd_but_readable_model_files() {
    let place = Place::with("");
    place.dvdt(&["run", "model.dvdt"]).succeeds();
    place.dvdt(&["check", "model.dvdt"]).succeeds();
    fs::write(place.path("crlf.dvdt"), MODEL.replace('\n', "\r\n")).unwrap();
    fs::write(place.path("mark.dvdt"), format!("\u{feff}{MODEL}")).unwrap();
    fs::write(place.path("open.dvdt"), MODEL.trim_end()).unwrap();
    for name in ["crlf.dvdt", "mark.dvdt", "open.dvdt"] {
        let done = place.dvdt(&["run", name, "--out", "r.csv"]).succeeds();
        assert!(done.out.starts_with("1.000 ms simulated"));
        assert_eq!(fs::read_to_string(place.path("r.csv")).unwrap().lines().count(), 11);
    }
}

#[test]
fn a_model_with_mistakes_shows_all_of_them() {
    let place =
        Place::with("group cells[2] {\n    dv/dt = -v/tua : volt\n    tau : second\n    w = 1*mV + 1*ms : volt\n}\n");
    for verb in [&["run"][..], &["emit", "--stage", "core"], &["verify"], &["bench"]] {
        let done = place.dvdt(&[verb, &["model.dvdt"]].concat());
        done.fails(1, &["model.dvdt:2:", "`tua`", "`tau`", "model.dvdt:4:", "volt", "second"]);
    }
}

// check

#[test]
fn check_counts_and_its_status_says_whether_there_are_errors() {
    let place = Place::new();
    let done = place.dvdt(&["check", "model.dvdt"]).succeeds();
    assert_eq!((done.out.as_str(), done.err.as_str()), ("model.dvdt: 0 errors, 0 warnings\n", ""));
    fs::write(place.path("bad.dvdt"), "clock dt = 1*ms\ngroup cells[2] { dv/dt = -v/tau : volt }\nrun 1*ms\n").unwrap();
    let done = place.dvdt(&["check", "bad.dvdt"]);
    assert_eq!((done.status, done.err.as_str()), (Some(1), ""));
    assert!(
        done.out.contains("bad.dvdt:2:29") && done.out.ends_with("bad.dvdt: 1 error, 0 warnings\n"),
        "{}",
        done.out
    );
    assert!(!done.out.contains('\u{1b}'), "no colours into a pipe");
}

#[test]
fn check_as_json_has_what_an_editor_needs() {
    let place = Place::new();
    let done = place.dvdt(&["check", "model.dvdt", "--format", "json"]).succeeds();
    assert_eq!(serde_json::from_str::<Value>(&done.out).unwrap(), serde_json::json!([]));
    fs::write(place.path("bad.dvdt"), "group cells[2] {\n    dv/dt = -v/tua : volt # \u{b5}\n    tau : second\n}\n")
        .unwrap();
    let done = place.dvdt(&["check", "bad.dvdt", "--format", "json"]);
    assert_eq!((done.status, done.err.as_str()), (Some(1), ""));
    let found: Value = serde_json::from_str(&done.out).unwrap();
    let errors: Vec<&Value> = found.as_array().unwrap().iter().filter(|one| one["severity"] == "error").collect();
    let [first] = errors.as_slice() else { panic!("{found}") };
    assert_eq!(first["file"], "bad.dvdt");
    assert_eq!(first["code"], "unknown-name");
    assert!(first["message"].as_str().unwrap().contains("`tua`"));
    let label = &first["labels"][0];
    assert_eq!((&label["line"], &label["column"]), (&2.into(), &16.into()));
    assert_eq!((&label["end_line"], &label["end_column"]), (&2.into(), &19.into()));
    assert_eq!(label["file"], "bad.dvdt");
    assert!(label["text"].is_string() && first["notes"].is_array());
    assert!(first["help"].to_string().contains("tau"), "{first}");
}

// emit, verify, bench

#[test]
fn every_stage_can_be_shown() {
    let place = Place::new();
    for (stage, part) in [
        ("ast", "group cells[3] {"),
        ("model", "group cells[3] on dt {"),
        ("step", "v"),
        ("kernel", "store v"),
        ("core", "store v"),
        ("clif", "function"),
        ("asm", "ret"),
    ] {
        let done = place.dvdt(&["emit", "model.dvdt", "--stage", stage]).succeeds();
        assert!(done.out.contains(part) && done.err.is_empty(), "{stage}:\n{}", done.out);
        let one = place.dvdt(&["emit", "model.dvdt", "--stage", stage, "--group", "cells"]).succeeds();
        assert_eq!(one.out, done.out);
        place
            .dvdt(&["emit", "model.dvdt", "--stage", stage, "--group", "cell"])
            .fails(1, &["no group `cell`", "`cells`"]);
    }
    // What was written, printed, is a model again.
    let text = place.dvdt(&["emit", "model.dvdt", "--stage", "ast"]).succeeds().out;
    fs::write(place.path("again.dvdt"), &text).unwrap();
    assert_eq!(place.dvdt(&["emit", "again.dvdt", "--stage", "ast"]).succeeds().out, text);
}

#[test]
fn verify_compares_and_says_how_much() {
    let place = Place::new();
    let done = place.dvdt(&["verify", "model.dvdt"]).succeeds();
    assert!(done.out.contains("agree in all bits (10 ticks, "), "{}", done.out);
    let done = place.dvdt(&["verify", "model.dvdt", "--ticks", "1"]).succeeds();
    assert!(done.out.contains("(1 tick, "), "{}", done.out);
}

#[test]
fn bench_measures_every_stage() {
    let place = Place::new();
    let done = place.dvdt(&["bench", "model.dvdt", "--seconds", "0.05"]).succeeds();
    for part in ["parse", "check", "kernels", "machine code", "cells[3]", "an element and tick"] {
        assert!(done.out.contains(part), "{part}\n{}", done.out);
    }
}

#[test]
fn bench_explains_and_compares() {
    let place = Place::new();
    let done = place.dvdt(&["bench", "model.dvdt", "--seconds", "0.02", "--explain", "--compare"]).succeeds();
    for part in [
        "cells.update:",
        "arithmetic",
        "division",
        "memory",
        "chain",
        "held by",
        "interpreter",
        "scalar code",
        "128-bit vectors",
    ] {
        assert!(done.out.contains(part), "{part}\n{}", done.out);
    }
    fs::write(place.path("empty.dvdt"), "run 1*ms\n").unwrap();
    place.dvdt(&["bench", "empty.dvdt", "--seconds", "0.02", "--explain", "--compare"]).succeeds();
}

// The command line itself

#[test]
fn a_wrong_command_line_has_status_2() {
    let place = Place::new();
    for arguments in [
        &[][..],
        &["simulate", "model.dvdt"],
        &["run"],
        &["run", "model.dvdt", "--seed", "-1"],
        &["run", "model.dvdt", "--seed", "x"],
        &["run", "model.dvdt", "--threads", "0"],
        &["run", "model.dvdt", "--executor", "gpu"],
        &["run", "model.dvdt", "--lanes", "3"],
        &["emit", "model.dvdt"],
        &["emit", "model.dvdt", "--stage", "soul"],
        &["check", "model.dvdt", "--format", "xml"],
        &["verify", "model.dvdt", "--ticks", "-5"],
    ] {
        place.dvdt(arguments).fails(2, &["help"]);
    }
    place.dvdt(&["--help"]).succeeds();
    assert!(place.dvdt(&["--version"]).succeeds().out.starts_with("dvdt "));
}

// Pipes and signals

#[test]
fn a_reader_that_has_gone_is_no_failure() {
    let place = Place::with(MODEL);
    for arguments in [&["emit", "model.dvdt", "--stage", "asm"][..], &["check", "model.dvdt"], &["run", "model.dvdt"]] {
        let mut child = place.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let done = Done::of(child.wait_with_output().unwrap());
        assert_eq!((done.status, done.err.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn an_output_without_room_is_a_failure_but_the_files_are_written() {
    let place = Place::new();
    let full = || fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = place.command(&["run", "model.dvdt", "--out", "r.npz"]);
    let done = Done::of(command.stdout(full()).stderr(Stdio::piped()).output().unwrap());
    done.fails(1, &["cannot write the output"]);
    assert_eq!(place.files(), ["model.dvdt", "r.npz"]);
}

fn interrupt(child: &Child) {
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
}

/// Starts an endless run and waits until it is under way.
fn endless(place: &Place) -> Child {
    let mut command = place.command(&["run", "model.dvdt", "--out", "r.npz"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    child
}

#[test]
fn ctrl_c_writes_what_was_recorded() {
    let place = Place::with(ENDLESS);
    let child = endless(&place);
    let start = Instant::now();
    interrupt(&child);
    let done = Done::of(child.wait_with_output().unwrap());
    assert!(start.elapsed() < Duration::from_secs(5));
    assert_eq!(done.status, Some(130), "{}", done.err);
    // A bar belongs on a terminal only: this is all that is said.
    assert!(done.err.starts_with("stopped at t = ") && done.err.lines().count() == 1, "{:?}", done.err);
    let meta = meta(&place.path("r.npz"));
    assert_eq!(meta["complete"], false);
    let stop = meta["stop"].as_f64().unwrap();
    assert!(stop > 0.0 && stop < 1e8);
    let (shape, _) = floats(&mut NpzArchive::open(place.path("r.npz")).unwrap(), "cells.v");
    assert_eq!((shape[0], shape[1]), ((stop / 100.0).ceil() as u64, 3), "all samples before the stop");
    assert_eq!(place.files(), ["model.dvdt", "r.npz"]);
}

/// As `timeout` does, which signals the process and then its group.
#[test]
fn two_signals_at_once_are_one() {
    let place = Place::with(ENDLESS);
    let child = endless(&place);
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    // The process may be gone already; then the first signal was enough.
    let _gone = Command::new("kill").args(["-TERM", &pid]).stderr(Stdio::null()).status();
    let done = Done::of(child.wait_with_output().unwrap());
    assert_eq!(done.status, Some(130), "{}", done.err);
    assert_eq!(meta(&place.path("r.npz"))["complete"], false);
}

/// What was streamed is not in the checkpoint, so that a table would be half; what is in it can be streamed.
#[test]
fn a_streamed_run_goes_on_as_a_stream() {
    let text = MODEL.replace("run 1*ms", "run 2*ms\nrun 1*ms");
    let place = Place::with(&text);
    let every = ["run", "model.dvdt", "--checkpoint-every", "1.5*ms", "--checkpoint", "c"];
    let run = |more: &[&str]| place.dvdt(&[&every[..], more].concat());
    run(&["--stream", "s"]).succeeds();
    place.dvdt(&["run", "model.dvdt", "--resume", "c", "--out", "half.npz"]).fails(1, &["c does not hold", "--stream"]);
    place.dvdt(&["run", "model.dvdt", "--resume", "c", "--stream", "s"]).succeeds();
    let whole = fs::read(place.path("s/cells.v.npy")).unwrap();
    run(&["--out", "r.npz"]).succeeds();
    place.dvdt(&["run", "model.dvdt", "--resume", "c", "--stream", "other"]).succeeds();
    assert_eq!(fs::read(place.path("other/cells.v.npy")).unwrap(), whole);

    // A longer script goes on; a changed beginning is told, in the file too.
    fs::write(place.path("longer.dvdt"), format!("{text}run 1*ms\n")).unwrap();
    let done = place.dvdt(&["run", "longer.dvdt", "--resume", "c", "--out", "l.npz"]).succeeds();
    assert_eq!(done.err, "");
    assert_eq!(meta(&place.path("l.npz"))["stop"], 0.004);
    fs::write(place.path("other.dvdt"), text.replace("run 2*ms", "run 2.5*ms")).unwrap();
    let done = place.dvdt(&["run", "other.dvdt", "--resume", "c", "--out", "o.npz"]).succeeds();
    assert!(done.err.contains("what was done of the script is another"), "{}", done.err);
    assert!(meta(&place.path("o.npz"))["warnings"].to_string().contains("what was done of the script"));
}

#[test]
fn a_second_ctrl_c_ends_at_once() {
    // Ticks of eight million elements with many sines each, so that the first takes seconds.
    let waves: String = (0..20).map(|k| format!(" + sin(x*{k})")).collect();
    let place = Place::with(&format!(
        "group g[8000000] {{\n    dx/dt = (0{waves})/second : 1\n    method rk4\n}}\nrecord g.x[0] every 1*second\nrun 1000*second\n"
    ));
    let child = endless(&place);
    interrupt(&child);
    // Sooner it would count as the same one.
    std::thread::sleep(Duration::from_millis(700));
    let start = Instant::now();
    // The process may be gone already; then the first signal was enough.
    let _gone = Command::new("kill").args(["-INT", &child.id().to_string()]).stderr(Stdio::null()).status();
    let done = Done::of(child.wait_with_output().unwrap());
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert_eq!(done.status, Some(130), "{}", done.err);
    assert_eq!(place.files(), ["model.dvdt"], "nothing is half written");
}
