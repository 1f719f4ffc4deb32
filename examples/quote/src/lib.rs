//! Writes an offer. What painting costs another module knows, which is linked in or runs somewhere else: here that makes no difference.

guest_sdk::task! {
    inline: r#"
        package example:quote@0.1.0;

        /// Writes down what painting some rooms costs.
        ///
        /// ```toml
        /// [plan.bind]
        /// "zymogen:paint/cost" = "ssh:office ./paint.wasm"
        ///
        /// [[task]]
        /// use = "quote.wasm"
        /// with = { file = "/srv/offer.txt", rooms = [{ width = 4.0, height = 2.5 }] }
        /// ```
        interface task {
            use zymogen:task/types@0.1.0.{mode, outcome, failure};
            use zymogen:task/grants@0.1.0.{write-path};

            /// One wall.
            record room {
                width: f64,
                height: f64,
            }

            record params {
                /// Where the offer is written.
                file: write-path,
                rooms: list<room>,
            }

            record report {
                outcome: outcome,
                /// Paint, in whole buckets.
                buckets: s32,
            }

            /// Asks for the price, and writes the offer.
            run: func(params: params, mode: mode) -> result<report, failure>;
        }

        world quote {
            include zymogen:task/imports@0.1.0;
            import zymogen:paint/cost@0.1.0;
            export task;
        }

        package zymogen:paint@0.1.0 {
            interface cost {
                use zymogen:examples/shapes@0.1.0.{shape};

                buckets: func(shapes: list<shape>, each: s32) -> result<s32, string>;
            }
        }

        package zymogen:examples@0.1.0 {
            interface shapes {
                record point {
                    x: f64,
                    y: f64,
                }

                record rectangle {
                    corner: point,
                    width: f64,
                    height: f64,
                }

                variant shape {
                    empty,
                    circle(f64),
                    rectangle(rectangle),
                    polygon(list<point>),
                }
            }
        }
    "#,
    exports: example::quote,
}

use bindings::zymogen::examples::shapes::{Point, Rectangle, Shape};
use bindings::zymogen::paint::cost;
use guest_sdk::files::{self, Attributes};

/// Square metres for which a bucket is enough.
const EACH: i32 = 10;

fn run(params: Params, mode: Mode) -> Result<Report, Failure> {
    let walls: Vec<_> = params.rooms.iter().map(wall).collect();
    let buckets = cost::buckets(&walls, EACH).map_err(Failure::invalid)?;
    let offer = format!("{buckets} buckets of paint\n");
    let before = match files::stat(&params.file)? {
        Some(_) => Some(files::read_text(&params.file, 4096)?),
        None => None,
    };
    if before.as_ref() == Some(&offer) {
        let outcome = Outcome::unchanged("offered already");
        return Ok(Report { outcome, buckets });
    }
    if mode.applies() {
        files::replace(&params.file, offer.as_bytes(), &Attributes::default())?;
    }
    let outcome = Outcome::changed("offered").with_change(&params.file, before, Some(offer));
    Ok(Report { outcome, buckets })
}

fn wall(room: &Room) -> Shape {
    Shape::Rectangle(Rectangle {
        corner: Point { x: 0.0, y: 0.0 },
        width: room.width,
        height: room.height,
    })
}
