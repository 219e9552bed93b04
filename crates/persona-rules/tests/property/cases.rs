//! Random documents, values and moments from a vocabulary so small that they meet.

use serde_json::{Map, Value, json};

use crate::rng::Rng;

/// Keys under which traits are stored; one that nothing reads among them.
pub(crate) const TRAITS: [&str; 8] = ["a", "a.b", "a.b.c", "d", "d.e", "d.e.f", "t", "unread"];
const READ: [&str; 9] = ["a", "a.b", "a.b.c", "d", "d.e", "d.e.f", "d.b", "t", "t.b.c"];
const FIELDS: [&str; 6] = ["m", "m.k", "m.b.c", "x", "when", "never"];
pub(crate) const ZONES: [&str; 6] =
    ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia"];
pub(crate) const PATTERNS: [&str; 4] = ["^low", "(?i)H.gh$", "w|1", "^$"];
pub(crate) const QUERIES: [&str; 2] = ["joy", "worry"];

/// Moments around which clocks change somewhere (ms).
const TURNS: [i64; 7] = [
    1_774_746_000_000, // 2026-03-29T01:00Z, Berlin forward
    1_792_890_000_000, // 2026-10-25T01:00Z, Berlin back
    1_772_953_200_000, // 2026-03-08T07:00Z, New York forward
    1_793_512_800_000, // 2026-11-01T06:00Z, New York back
    1_775_314_800_000, // 2026-04-04T15:00Z, Lord Howe back by half an hour
    1_325_239_200_000, // 2011-12-30T10:00Z, Apia leaves out a day
    0,
];

pub(crate) fn moment(rng: &mut Rng) -> i64 {
    let spread = *rng.pick(&[7_200_000, 86_400_000, 700_000_000]);
    rng.pick(&TURNS) + rng.around(spread)
}

pub(crate) fn value(rng: &mut Rng, now: i64) -> Value {
    let near = now + 1_800_000 + rng.around(3_600_000);
    let instant = jiff::Timestamp::from_millisecond(near).unwrap();
    let table = [
        json!(null),
        json!(true),
        json!(false),
        json!("low"),
        json!("high"),
        json!("lowest"),
        json!("1"),
        json!(""),
        json!(["low", 1]),
        json!([]),
        json!({"b": 1, "k": "low"}),
        json!({"b": {"c": 2.0}}),
        json!({"e": {"f": "high"}, "low": 1}),
        json!(near),
        json!(instant.to_string()),
        json!(instant.in_tz(rng.pick::<&str>(&ZONES)).unwrap().datetime().to_string()),
    ];
    if rng.chance(35) { number(rng) } else { rng.pick(&table).clone() }
}

fn number(rng: &mut Rng) -> Value {
    rng.pick(&[
        json!(-1),
        json!(0),
        json!(-0.0),
        json!(0.5),
        json!(1),
        json!(1.0),
        json!(2),
        json!(3e0),
        json!(30),
    ])
    .clone()
}

pub(crate) fn context(rng: &mut Rng, now: i64) -> Map<String, Value> {
    let mut context = Map::new();
    for field in ["m", "m.k", "x", "when"] {
        if rng.chance(60) {
            context.insert(field.to_owned(), value(rng, now));
        }
    }
    context
}

pub(crate) fn document(rng: &mut Rng) -> Value {
    let count = if rng.chance(4) { 60 + rng.below(200) } else { 1 + rng.below(8) };
    let rules: Vec<_> = (0..count)
        .map(|index| {
            let size = if rng.chance(10) { 40 } else { 2 + rng.below(5) };
            let depth = 1 + rng.below(4);
            let conditions = condition(rng, depth, &mut { size });
            let actions: Vec<_> = (0..=usize::from(rng.chance(15))).map(|_| action(rng)).collect();
            json!({
                "id": format!("r{index}"),
                "conditions": conditions,
                "actions": actions,
                "weight": rng.pick(&[json!(0), json!(0.5), json!(1), json!(1.0), json!(2)]),
            })
        })
        .collect();
    json!({
        "metadata": {"id": "m", "version": 1, "description": "random"},
        "rules": rules,
        "templates": {
            "plain": {"title": "P", "description": "{{plain}}", "priority": "low"},
            "one": {"title": "One {p}", "description": "{p} and {p}", "metadata": {"free": [1]}},
            "two": {"title": "{q}", "description": "<{p}|{q}>", "priority": "high"},
        },
    })
}

fn action(rng: &mut Rng) -> Value {
    let (template, names): (_, &[&str]) = *rng.pick(&[
        ("plain", &[][..]),
        ("one", &["p"][..]),
        ("two", &["p", "q"][..]),
        ("plain", &["p"][..]),
    ]);
    let mut parameters = Map::new();
    for name in names {
        parameters.insert((*name).to_owned(), source(rng));
    }
    let suggestion = json!({"type": "kind", "template": template, "parameters": parameters});
    if rng.chance(50) {
        json!({"type": "generate_suggestion", "generate_suggestion": suggestion})
    } else {
        json!({"generate_suggestion": suggestion})
    }
}

fn source(rng: &mut Rng) -> Value {
    if rng.chance(30) {
        return rng.pick(&[json!(15), json!(1.5), json!("walk {q}"), json!(["a", 2]), json!(true)]).clone();
    }
    let mut source = Map::new();
    if rng.chance(60) {
        source.insert("from_trait".into(), json!(rng.pick(&READ)));
    } else {
        source.insert("from_context".into(), json!(rng.pick(&FIELDS)));
    }
    let transform = *rng.pick(&["", "", "minutes_to_hours", "capitalize", "lower"]);
    if !transform.is_empty() {
        source.insert("transform".into(), json!(transform));
    }
    if rng.chance(60) {
        source.insert(
            "default".into(),
            if transform == "minutes_to_hours" { json!(90) } else { json!("Some THING") },
        );
    }
    Value::Object(source)
}

/// A condition of about `size` checks.
fn condition(rng: &mut Rng, depth: usize, size: &mut usize) -> Value {
    *size = size.saturating_sub(1);
    if depth == 0 || *size == 0 || rng.chance(25) {
        return match rng.below(5) {
            0 => json!({"type": "single", "conditions": [check(rng)]}),
            1 => {
                let mut check = check(rng);
                check["type"] = json!("single");
                check
            }
            _ => check(rng),
        };
    }
    let width = if *size > 10 { 2 + rng.below(5) } else { 1 + rng.below(3) };
    let children: Vec<_> = (0..width).map(|_| condition(rng, depth - 1, size)).collect();
    let kind = *rng.pick(&["all", "any", "all", "any", "not"]);
    match rng.below(4) {
        0 => json!({"type": kind, "conditions": children}),
        1 if kind == "not" => json!({"not": children[0]}),
        _ => json!({kind: children}),
    }
}

fn check(rng: &mut Rng) -> Value {
    match rng.below(10) {
        0..4 => json!({"trait_check": operator(rng, "path", &READ)}),
        4..7 => json!({"context_check": operator(rng, "field", &FIELDS)}),
        7 => {
            let mut check = json!({"query": rng.pick(&QUERIES)});
            if rng.chance(70) {
                check["threshold"] = rng.pick(&[json!(0.2), json!(0.5), json!(1)]).clone();
            }
            if rng.chance(50) {
                check["limit"] = json!(5);
            }
            json!({"narrative_check": check})
        }
        _ => json!({"time_check": time(rng)}),
    }
}

fn operator(rng: &mut Rng, place: &str, paths: &[&str]) -> Value {
    let operator = *rng.pick(&[
        "exists",
        "not_exists",
        "equals",
        "equals",
        "equals",
        "not_equals",
        "greater",
        "greater_or_equal",
        "less",
        "less_or_equal",
        "between",
        "in",
        "contains",
        "matches",
        "within_minutes",
    ]);
    let value = match operator {
        "exists" | "not_exists" => rng.chance(50).then_some(Value::Bool(true)),
        "greater" | "greater_or_equal" | "less" | "less_or_equal" => Some(number(rng)),
        "between" => {
            let mut ends = [number(rng), number(rng)];
            ends.sort_by(|a, b| a.as_f64().unwrap().total_cmp(&b.as_f64().unwrap()));
            // Zeros of both signs are one number.
            Some(if ends[0].as_f64() == ends[1].as_f64() { json!([ends[0], ends[0]]) } else { json!(ends) })
        }
        "in" => Some((0..=rng.below(3)).map(|_| self::value(rng, 0)).collect()),
        "matches" => Some(json!(rng.pick(&PATTERNS))),
        "within_minutes" => Some(rng.pick(&[json!(0), json!(10), json!(30.5), json!(60)]).clone()),
        _ => Some(self::value(rng, 0)),
    };
    let mut check = json!({place: rng.pick(paths), "operator": operator});
    if let Some(value) = value {
        check["value"] = value;
    }
    check
}

fn time(rng: &mut Rng) -> Value {
    let mut check = Map::new();
    if rng.chance(60) {
        let zone = if rng.chance(30) { "user_local" } else { rng.pick(&ZONES) };
        check.insert("timezone".into(), json!(zone));
    }
    let must = rng.below(4);
    if must == 0 || rng.chance(20) {
        check.insert("period".into(), json!(rng.pick(&["morning", "afternoon", "evening", "night"])));
    }
    if must == 1 || rng.chance(20) {
        let from = rng.below(24);
        let to = (from + 1 + rng.below(23)) % 24;
        check.insert("hour_range".into(), json!([from, if to == 0 { 24 } else { to }]));
    }
    if must == 2 || rng.chance(20) {
        let days = ["monday", "Tuesday", "WEDNESDAY", "thursday", "friday", "saturday", "sunday"];
        let list: Vec<_> = (0..=rng.below(6)).map(|_| *rng.pick(&days)).collect();
        check.insert("day_of_week".into(), if rng.chance(20) { json!(list[0]) } else { json!(list) });
    }
    if must == 3 || rng.chance(10) {
        let of = format!("{:02}:{:02}", rng.below(24), rng.below(60));
        check.insert("within_minutes".into(), json!({"of": of, "minutes": rng.below(721)}));
    }
    Value::Object(check)
}
