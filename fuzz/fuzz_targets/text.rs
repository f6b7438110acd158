//! Any bytes: read, checked and drawn without a panic, with every place inside the text.
#![no_main]

use dvdt::Engine;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let checked = Engine::new().check("fuzz", text);
    for label in checked.report.diagnostics.iter().flat_map(|diagnostic| &diagnostic.labels) {
        assert!(text.get(label.span.range()).is_some(), "{label:?} is outside of the text");
    }
    checked.report.render(&checked.sources, false);
    checked.report.to_json(&checked.sources);
    assert!(checked.model.is_some() || checked.report.has_errors(), "refused without a reason");
});
