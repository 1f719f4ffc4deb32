//! A component that uses another one: what it imports, the calculator exports.

#[allow(missing_docs)]
#[cfg_attr(not(target_family = "wasm"), allow(dead_code, unused_imports))]
mod bindings {
    wit_bindgen::generate!({
        path: ["../calculator/wit", "wit"],
        world: "zymogen:paint/paint",
        generate_all,
    });
}

use bindings::zymogen::examples::shapes::{self, Shape};

#[cfg_attr(not(target_family = "wasm"), allow(dead_code))]
struct Paint;

// The names of a component's exports are none that a native linker takes.
#[cfg(target_family = "wasm")]
bindings::export!(Paint with_types_in bindings);

impl bindings::exports::zymogen::paint::cost::Guest for Paint {
    fn buckets(shapes: Vec<Shape>, each: i32) -> Result<i32, String> {
        let area: f64 = shapes::areas(&shapes).into_iter().sum();
        // A bucket that was begun is one.
        shapes::divide(area.ceil() as i32 + each - 1, each)
    }
}
