//! Rows for a person and for a program.

/// One measurement beside its rival.
pub(crate) struct Row {
    pub(crate) what: String,
    pub(crate) ours: f64,
    pub(crate) rival: Option<Rival>,
    pub(crate) unit: Unit,
    /// The most that `ours / rival`, or `ours` where there is no rival, may be.
    pub(crate) budget: f64,
}

pub(crate) struct Rival {
    pub(crate) name: &'static str,
    /// None: it could not be measured here.
    pub(crate) value: Option<f64>,
}

#[derive(Clone, Copy)]
pub(crate) enum Unit {
    Seconds,
    Bytes,
}

impl Row {
    /// Seconds, and the most that their ratio to a rival's may be.
    pub(crate) fn seconds(
        what: &str,
        ours: f64,
        (name, value): (&'static str, Option<f64>),
        budget: f64,
    ) -> Self {
        Self {
            what: what.to_owned(),
            ours,
            rival: Some(Rival { name, value }),
            unit: Unit::Seconds,
            budget,
        }
    }

    /// Bytes, and the most that their ratio to a rival's may be.
    pub(crate) fn bytes_beside(
        what: &str,
        ours: f64,
        (name, value): (&'static str, Option<f64>),
        budget: f64,
    ) -> Self {
        Self {
            unit: Unit::Bytes,
            ..Self::seconds(what, ours, (name, value), budget)
        }
    }

    /// Seconds, and the most that they may be.
    pub(crate) fn at_most(what: &str, ours: f64, budget: f64) -> Self {
        Self {
            what: what.to_owned(),
            ours,
            rival: None,
            unit: Unit::Seconds,
            budget,
        }
    }

    /// Bytes, and the most that they may be.
    pub(crate) fn bytes(what: &str, ours: f64, budget: f64) -> Self {
        Self {
            what: what.to_owned(),
            ours,
            rival: None,
            unit: Unit::Bytes,
            budget,
        }
    }

    /// What the budget is for, unless the rival is missing.
    fn figure(&self) -> Option<f64> {
        match &self.rival {
            Some(rival) => rival.value.map(|value| self.ours / value),
            None => Some(self.ours),
        }
    }

    fn met(&self) -> Option<bool> {
        self.figure().map(|figure| figure <= self.budget)
    }

    fn verdict(&self) -> &'static str {
        match self.met() {
            Some(true) => "",
            Some(false) => "MISSED",
            None => "NOT COMPARED",
        }
    }

    fn print(&self) {
        let (beside, ratio, budget) = match &self.rival {
            Some(Rival { name, value }) => (
                match value {
                    Some(value) => format!("{name}: {}", text(*value, self.unit)),
                    None => format!("{name} is not here"),
                },
                self.figure()
                    .map_or(String::new(), |ratio| format!("{ratio:.2}")),
                format!("{:.2}", self.budget),
            ),
            None => (String::new(), String::new(), text(self.budget, self.unit)),
        };
        println!(
            "{:<42} {:>9}  {beside:<22} {ratio:>6} {budget:>8}  {}",
            self.what,
            text(self.ours, self.unit),
            self.verdict(),
        );
    }

    fn as_json(&self) -> serde_json::Value {
        serde_json::json!({
            "what": self.what,
            "ours": self.ours,
            "rival": self.rival.as_ref().map(|rival| serde_json::json!({"name": rival.name, "value": rival.value})),
            "unit": match self.unit { Unit::Seconds => "s", Unit::Bytes => "B" },
            "ratio": self.rival.as_ref().and(self.figure()),
            "budget": self.budget,
            "met": self.met(),
        })
    }
}

pub(crate) fn print(rows: &[Row], json: bool) {
    if json {
        let rows: Vec<_> = rows.iter().map(Row::as_json).collect();
        println!("{}", serde_json::Value::from(rows));
        return;
    }
    println!(
        "{:<42} {:>9}  {:<22} {:>6} {:>8}",
        "what", "ours", "beside", "ratio", "at most"
    );
    rows.iter().for_each(Row::print);
}

fn text(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Seconds if value < 1e-6 => format!("{:.0} ns", value * 1e9),
        Unit::Seconds if value < 1e-3 => format!("{:.1} us", value * 1e6),
        Unit::Seconds => format!("{:.2} ms", value * 1e3),
        Unit::Bytes => format!("{:.2} MB", value / 1e6),
    }
}
