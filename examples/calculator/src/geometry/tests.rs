//! Areas and bounds of simple shapes.

use super::{area, bounds};
use crate::{Point, Rectangle, Shape};

fn triangle() -> Vec<Point> {
    vec![
        Point { x: 0.0, y: 0.0 },
        Point { x: 4.0, y: 0.0 },
        Point { x: 0.0, y: 3.0 },
    ]
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-9
}

#[test]
fn areas() {
    let rectangle = Rectangle {
        corner: Point { x: 9.0, y: 9.0 },
        width: 2.0,
        height: 3.0,
    };
    assert!(close(area(&Shape::Empty), 0.0));
    assert!(close(area(&Shape::Circle(2.0)), 4.0 * std::f64::consts::PI));
    assert!(close(area(&Shape::Rectangle(rectangle)), 6.0));
    assert!(close(area(&Shape::Polygon(triangle())), 6.0));
    assert!(close(area(&Shape::Polygon(Vec::new())), 0.0));
}

#[test]
fn bounds_hold_all_points() {
    let around = bounds(&triangle()).expect("there are points");
    assert!(close(around.width, 4.0) && close(around.height, 3.0));
    assert!(bounds(&[]).is_none());
}
