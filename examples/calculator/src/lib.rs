//! A plain component without the SDK: what `zymogen call` and tests of value mapping call.

mod geometry;

#[allow(missing_docs)]
#[cfg_attr(not(target_family = "wasm"), allow(dead_code, unused_imports))]
mod bindings {
    wit_bindgen::generate!({ world: "calculator" });
}

use bindings::exports::zymogen::examples::shapes::{
    Color, Drawing, Guest, Point, Rectangle, Shape, Style,
};

#[cfg_attr(not(target_family = "wasm"), allow(dead_code))]
struct Calculator;

// The names of a component's exports are none that a native linker takes.
#[cfg(target_family = "wasm")]
bindings::export!(Calculator with_types_in bindings);

impl bindings::Guest for Calculator {
    fn add(a: i32, b: i32) -> i32 {
        a.wrapping_add(b)
    }
}

impl Guest for Calculator {
    fn area(shape: Shape) -> f64 {
        geometry::area(&shape)
    }

    fn areas(shapes: Vec<Shape>) -> Vec<f64> {
        shapes.iter().map(geometry::area).collect()
    }

    fn bounds(points: Vec<Point>) -> Option<Rectangle> {
        geometry::bounds(&points)
    }

    fn divide(a: i32, b: i32) -> Result<i32, String> {
        match a.checked_div(b) {
            Some(quotient) => Ok(quotient),
            None if b == 0 => Err("division by zero".to_owned()),
            None => Err("the quotient is too large".to_owned()),
        }
    }

    fn combine(a: Style, b: Style) -> Style {
        a | b
    }

    fn next(color: Color) -> Color {
        match color {
            Color::Red => Color::Green,
            Color::Green => Color::Blue,
            Color::Blue => Color::Red,
        }
    }

    fn echo_drawing(drawing: Drawing) -> Drawing {
        drawing
    }

    fn echo_bytes(bytes: Vec<u8>) -> Vec<u8> {
        bytes
    }

    fn echo_text(text: String) -> String {
        text
    }

    fn nop() {}
}
