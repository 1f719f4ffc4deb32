//! Areas and bounds.

use std::f64::consts::PI;

use crate::{Point, Rectangle, Shape};

pub fn area(shape: &Shape) -> f64 {
    match shape {
        Shape::Empty => 0.0,
        Shape::Circle(radius) => PI * radius * radius,
        Shape::Rectangle(rectangle) => rectangle.width * rectangle.height,
        Shape::Polygon(corners) => polygon(corners),
    }
}

/// The shoelace formula.
fn polygon(corners: &[Point]) -> f64 {
    let following = corners.iter().cycle().skip(1);
    let twice: f64 = corners
        .iter()
        .zip(following)
        .map(|(a, b)| a.x * b.y - b.x * a.y)
        .sum();
    twice.abs() / 2.0
}

pub fn bounds(points: &[Point]) -> Option<Rectangle> {
    let (mut low, mut high) = (*points.first()?, *points.first()?);
    for point in points {
        low = Point {
            x: low.x.min(point.x),
            y: low.y.min(point.y),
        };
        high = Point {
            x: high.x.max(point.x),
            y: high.y.max(point.y),
        };
    }
    Some(Rectangle {
        corner: low,
        width: high.x - low.x,
        height: high.y - low.y,
    })
}

#[cfg(test)]
mod tests;
