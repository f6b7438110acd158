//! Arrays that are read: what they hold, and what is said of damaged ones.

use std::fs;

use dvdt::table::{self, Error, Table};
use tempfile::tempdir;

fn read(name: &str, bytes: &[u8]) -> Result<Table, Error> {
    let folder = tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    table::read(&path)
}

/// What is said, without the folder.
fn message(name: &str, bytes: &[u8]) -> String {
    let error = read(name, bytes).unwrap_err();
    error.to_string().replace(&*error.path.to_string_lossy(), name)
}

fn npy(code: &str, fortran: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{code}', 'fortran_order': {fortran}, 'shape': {shape}, }}\n");
    let length = u16::try_from(header.len()).unwrap().to_le_bytes();
    [b"\x93NUMPY\x01\x00".as_slice(), &length, header.as_bytes(), data].concat()
}

fn floats(values: &[f64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

#[test]
fn texts_of_all_kinds() {
    let cases: &[(&str, (usize, usize), &[f64])] = &[
        ("1\n2\n3\n", (3, 1), &[1.0, 2.0, 3.0]),
        ("1,2\n3,4", (2, 2), &[1.0, 2.0, 3.0, 4.0]),
        ("1, 2\r\n3 ,4\r\n", (2, 2), &[1.0, 2.0, 3.0, 4.0]),
        ("1;2\n3; 4\n", (2, 2), &[1.0, 2.0, 3.0, 4.0]),
        ("1\t2\n3\t 4\n", (2, 2), &[1.0, 2.0, 3.0, 4.0]),
        ("  1   2\n\n3 4  \n\n", (2, 2), &[1.0, 2.0, 3.0, 4.0]),
        ("t [s],cells.v[0] [volt]\n0,-0.07\n", (1, 2), &[0.0, -0.07]),
        ("# made by hand\nt rate\n0 1e3 # begin\n", (1, 2), &[0.0, 1e3]),
        ("\u{feff}\"a 1\";\"b 2\"\n.5;+1.\n", (1, 2), &[0.5, 1.0]),
        ("-inf\nInf\n5e-324\n", (3, 1), &[f64::NEG_INFINITY, f64::INFINITY, 5e-324]),
    ];
    for (text, (rows, columns), values) in cases {
        let table = read("a.CSV", text.as_bytes()).unwrap();
        assert_eq!((table.rows, table.columns, table.flat), (*rows, *columns, *columns == 1), "{text}");
        assert_eq!(table.values, *values, "{text}");
    }
    assert!(read("a.csv", b"nan\n1\n").unwrap().values[0].is_nan());
}

#[test]
fn texts_with_mistakes() {
    let cases: &[(&[u8], &str)] = &[
        (b"", "there are no numbers in `a.csv`"),
        (b"# nothing\n\n", "there are no numbers in `a.csv`"),
        (b"t,v\n", "there are no numbers in `a.csv`"),
        (b"1,2\n\n3\n", "line 3 of `a.csv`: there are 1 numbers here, but 2 in line 1; every line must have as many"),
        (b"1,2\n3,x\n", "line 2 of `a.csv`: `x` is not a number"),
        (b"1,x\n", "line 1 of `a.csv`: `x` is not a number"),
        (b"2o\n3\n4\n", "line 1 of `a.csv`: `2o` is not a number"),
        (b"1\r2\r3\r", "line 1 of `a.csv`: a carriage return alone ends no line; save the text with line feeds"),
        (b"a,b\nc,d\n", "line 2 of `a.csv`: `c` is not a number"),
        (b"1,,2\n", "line 1 of `a.csv`: a number is missing between two separators; write `nan` where there is none"),
        (b"1,5;2,5\n", "line 1 of `a.csv`: there are commas and semicolons; write decimals with a point"),
        (b"1\n\xff\n", "line 2 of `a.csv`: this is not text in UTF-8"),
    ];
    for (text, expected) in cases {
        assert_eq!(message("a.csv", text), *expected);
    }
}

#[test]
fn arrays_of_all_kinds() {
    let one_two_three = |bytes: fn(u8) -> Vec<u8>| -> Vec<u8> { (1..=3).flat_map(bytes).collect() };
    let cases: &[(&str, Vec<u8>)] = &[
        ("<f8", one_two_three(|k| f64::from(k).to_le_bytes().to_vec())),
        (">f8", one_two_three(|k| f64::from(k).to_be_bytes().to_vec())),
        ("<f4", one_two_three(|k| f32::from(k).to_le_bytes().to_vec())),
        (">f4", one_two_three(|k| f32::from(k).to_be_bytes().to_vec())),
        ("<i8", one_two_three(|k| i64::from(k).to_le_bytes().to_vec())),
        (">i4", one_two_three(|k| i32::from(k).to_be_bytes().to_vec())),
        ("<i2", one_two_three(|k| i16::from(k).to_le_bytes().to_vec())),
        ("|i1", vec![1, 2, 3]),
        ("<u8", one_two_three(|k| u64::from(k).to_le_bytes().to_vec())),
        ("<u4", one_two_three(|k| u32::from(k).to_le_bytes().to_vec())),
        (">u2", one_two_three(|k| u16::from(k).to_be_bytes().to_vec())),
        ("|u1", vec![1, 2, 3]),
    ];
    for (code, data) in cases {
        let table = read("a.npy", &npy(code, "False", "(3,)", data)).unwrap();
        assert_eq!(table, Table { rows: 3, columns: 1, values: vec![1.0, 2.0, 3.0], flat: true }, "{code}");
    }
    assert_eq!(read("a.npy", &npy("|b1", "False", "(2,)", &[0, 1])).unwrap().values, [0.0, 1.0]);
    assert_eq!(read("a.npy", &npy("|i1", "False", "(1,)", &[255])).unwrap().values, [-1.0]);
}

#[test]
fn orders_of_axes() {
    let data = floats(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let rows = read("a.npy", &npy("<f8", "False", "(2, 3)", &data)).unwrap();
    assert_eq!(rows, Table { rows: 2, columns: 3, values: vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0], flat: false });
    let columns = read("a.npy", &npy("<f8", "True", "(2, 3)", &data)).unwrap();
    assert_eq!(columns.values, [1.0, 3.0, 5.0, 2.0, 4.0, 6.0]);
    let single = read("a.npy", &npy("<f8", "False", "(6, 1)", &data)).unwrap();
    assert_eq!((single.rows, single.columns, single.flat), (6, 1, false));
}

#[test]
fn arrays_with_mistakes() {
    let data = floats(&[1.0, 2.0]);
    let nested = format!("{}{}", "(".repeat(3000), ")".repeat(3000));
    let cases: &[(Vec<u8>, &str)] = &[
        (vec![], "no .npy file, or was cut off"),
        (b"1,2,3\n4,5,6\n".to_vec(), "first bytes are not NumPy's"),
        (npy("<f8", "False", "(3,)", &data), "it was cut off: 2 of 3 numbers are there"),
        (npy("<f8", "False", "(0,)", &data), "there are no numbers"),
        (npy("<f8", "False", "()", &data), "0 dimensions"),
        (npy("<f8", "False", "(1, 1, 2)", &data), "3 dimensions"),
        (npy("|O", "False", "(2,)", &data), "it holds `|O`, not real numbers"),
        (npy("<U4", "False", "(1,)", &data), "it holds `<U4`, not real numbers"),
        (npy("|S8", "False", "(2,)", &data), "it holds `|S8`, not real numbers"),
        (npy("<c16", "False", "(1,)", &data), "it holds `<c16`, not real numbers"),
        (npy("<f2", "False", "(8,)", &data), "it holds `<f2`, not real numbers"),
        (npy("<M8[s]", "False", "(2,)", &data), "cannot read"),
        (npy("<f8", "False", "(9999999999, 9999999999)", &data), "too large a shape"),
        (npy("<f8", "False", "(-2,)", &data), "damaged"),
        (npy("<f8", "False", &nested, &data), "nested"),
        (npy("<f8', 'x': 'y", "maybe", "(2,)", &data), "damaged"),
        (npy("|b1", "False", "(2,)", &[7, 0]), "cannot read"),
    ];
    for (bytes, expected) in cases {
        match read("a.npy", bytes) {
            Err(error) => assert!(error.to_string().contains(expected), "{expected}: {error}"),
            Ok(table) => assert_eq!(table.values, [1.0, 0.0], "{expected}"), // a truth value may be any byte
        }
    }
}

#[test]
fn no_damage_is_a_panic() {
    let whole = npy("<f8", "False", "(2, 3)", &floats(&[0.5; 6]));
    for length in 0..whole.len() {
        assert!(read("a.npy", &whole[..length]).is_err(), "{length}");
    }
    for position in 0..whole.len() - 48 {
        for byte in [0, 1, 9, b' ', b'(', b')', b'\'', b'0', b'9', b'[', b'{', b',', b'-', b'O', 128, 255] {
            let mut damaged = whole.clone();
            damaged[position] = byte;
            let _either = read("a.npy", &damaged);
        }
    }
}

#[test]
fn what_is_no_file_of_numbers() {
    let folder = tempdir().unwrap();
    let said = |name: &str| table::read(&folder.path().join(name)).unwrap_err().to_string();
    assert!(said("a.txt").ends_with("the name must end in .npy or .csv"));
    assert!(said("missing.csv").starts_with("cannot read `"));
    fs::create_dir(folder.path().join("b.csv")).unwrap();
    assert!(said("b.csv").ends_with("it is not a file"));
    fs::File::create(folder.path().join("c.npy")).unwrap().set_len((1 << 30) + 1).unwrap();
    assert!(said("c.npy").contains("1024 MiB"));
}
