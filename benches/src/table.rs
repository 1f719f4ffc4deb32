//! Rows for a person and for a program.

/// One measurement beside its rival.
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) ours: f64,
    pub(crate) rival: Option<(String, f64)>,
    pub(crate) unit: Unit,
    /// The most that `ours / rival`, or `ours` where there is no rival, may be.
    pub(crate) budget: f64,
}

#[derive(Clone, Copy)]
pub(crate) enum Unit {
    Seconds,
    Bytes,
}

impl Row {
    fn figure(&self) -> f64 {
        match &self.rival {
            Some((_, rival)) => self.ours / rival,
            None => self.ours,
        }
    }

    fn met(&self) -> bool {
        self.figure() <= self.budget
    }
}

pub(crate) fn print(rows: &[Row], json: bool) {
    if json {
        let rows: Vec<_> = rows.iter().map(as_json).collect();
        println!("{}", serde_json::Value::from(rows));
        return;
    }
    println!(
        "{:<46} {:>11}  {:<34} {:>8} {:>8}",
        "what", "ours", "beside", "ratio", "budget"
    );
    for row in rows {
        let (beside, ratio, budget) = match &row.rival {
            Some((name, rival)) => (
                format!("{name}: {}", text(*rival, row.unit)),
                format!("{:.2}", row.figure()),
                format!("{:.2}", row.budget),
            ),
            None => (String::new(), String::new(), text(row.budget, row.unit)),
        };
        println!(
            "{:<46} {:>11}  {beside:<34} {ratio:>8} {budget:>8} {}",
            row.what,
            text(row.ours, row.unit),
            if row.met() { "" } else { "MISSED" },
        );
    }
}

fn as_json(row: &Row) -> serde_json::Value {
    serde_json::json!({
        "what": row.what,
        "ours": row.ours,
        "rival": row.rival.as_ref().map(|(name, value)| serde_json::json!({"name": name, "value": value})),
        "unit": match row.unit { Unit::Seconds => "s", Unit::Bytes => "B" },
        "ratio": row.rival.as_ref().map(|_| row.figure()),
        "budget": row.budget,
        "met": row.met(),
    })
}

fn text(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Seconds if value < 1e-3 => format!("{:.1} us", value * 1e6),
        Unit::Seconds => format!("{:.2} ms", value * 1e3),
        Unit::Bytes => format!("{:.2} MB", value / 1e6),
    }
}
