//! Profiles count what kernels do.

use dvdt::{Bound, Engine, KernelProfile, Lanes, Limit, Options};
use expect_test::expect;

/// The amounts of a kernel that can be counted by hand.
#[test]
fn amounts_are_those_of_the_kernel() {
    let text = "clock dt = 1*ms
        math precise
        group g[1000] {
            dx/dt = (1 - x/y)/second : 1
            y : 1
            method euler
            init y = 2
        }";
    for lanes in [Lanes::One, Lanes::Two] {
        let engine = Engine::new().options(Options { lanes, interleave: None });
        let model = engine.compile("m", text).unwrap();
        let profiles = model.profile(0.005).unwrap();
        let [profile] = profiles.as_slice() else { panic!("{profiles:?}") };
        assert_eq!((profile.kernel.as_str(), profile.elements, profile.lanes), ("g.update", 1000, lanes.count()));
        let amount = |limit| profile.bounds.iter().find(|bound| bound.limit == limit).unwrap().amount;
        assert_eq!((amount(Limit::Memory), profile.fused), (3 * 8, false), "x and y are loaded, x is stored");
        assert!(amount(Limit::Division) >= 1, "x/y");
        assert!(amount(Limit::Chain) > 13, "a quotient and what follows");
    }
}

/// The largest limit holds a kernel, if it is most of the time.
#[test]
fn the_largest_limit_holds() {
    let bound = |limit, time| Bound { limit, amount: 7, time };
    let mut profile = KernelProfile {
        kernel: "g.update".to_owned(),
        elements: 10,
        lanes: 4,
        fused: false,
        instructions: 30,
        time: 10e-9,
        bounds: vec![bound(Limit::Arithmetic, 3e-9), bound(Limit::Division, 7e-9), bound(Limit::Memory, 1e-9)],
    };
    assert_eq!(profile.held_by(), Some(Limit::Division));
    expect![[r"
        g.update: 10.000 ns per element and tick (10 elements, 4 lanes, 30 core instructions)
          arithmetic   7 products and the like      at least   3.000 ns   30 %
          division     7 quotients and roots        at least   7.000 ns   70 %
          memory       7 bytes                      at least   1.000 ns   10 %
          held by division"]]
    .assert_eq(&profile.to_string());
    profile.time = 20e-9;
    assert_eq!(profile.held_by(), None);
}

#[test]
fn a_model_without_work_has_no_profile() {
    let model = Engine::new().compile("m", "group g[3] { x : 1 }").unwrap();
    assert!(model.profile(0.001).unwrap().is_empty());
}
