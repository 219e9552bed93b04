//! Suggestions as numbers and one text.

use serde_json::Value;

use crate::document::Source;
use crate::explain::Actual;
use crate::suggest::{Draft, Taker};
use crate::{Evaluation, Fault, RuleFault, RuleFaultCode, RuleSet, Situation, Weights};

/// Suggestions as numbers and one text, for whoever keeps beside them what never changes of a rule.
///
/// The numbers are a sequence: how many suggestions and how many faults there are, then each suggestion, then each
/// fault. Texts follow each other in `text`, and a number says where one ends, in units of UTF-16.
///
/// - Suggestion: rule, action, weight; title and description, unless [`RuleSet::sheet`] has them; a value for each
///   parameter that is not literal; how many reasons there are, and for each the check, whether it holds, its value.
/// - Fault: rule, action, which parameter, the place of its code in [`RuleFaultCode::ALL`].
/// - Value: what it is, and a number: 0 nothing, 1 null, 2 false, 3 true, 4 the number that follows, 5 a text that ends
///   there, 6 JSON that ends there. Of a reason also 7, the text that its check asks for, and 8, so many minutes of the
///   local week: what somebody who has the sheet need not be told.
///
/// One that is used again and again soon allocates little.
#[derive(Clone, Debug, Default)]
pub struct Packed {
    /// The sequence.
    pub numbers: Vec<f64>,
    /// All texts, one after the other.
    pub text: String,
    /// Length of `text` in units of UTF-16.
    length: usize,
    faults: Vec<RuleFault>,
}

impl RuleSet {
    /// As [`RuleSet::suggest`], packed. The evaluation does not list the rules that fired.
    ///
    /// # Errors
    /// As [`RuleSet::evaluate`].
    pub fn suggest_packed(
        &self,
        situation: Situation<'_>,
        weights: &Weights,
        limit: usize,
        evaluation: &mut Evaluation,
        packed: &mut Packed,
    ) -> Result<(), Fault> {
        packed.clear();
        self.answer(situation, weights, limit, evaluation, packed)?;
        packed.end(self);
        Ok(())
    }
}

impl Packed {
    fn clear(&mut self) {
        self.numbers.clear();
        self.numbers.extend([0.0, 0.0]);
        self.text.clear();
        self.length = 0;
        self.faults.clear();
    }

    fn end(&mut self, rules: &RuleSet) {
        self.numbers[1] = self.faults.len() as f64;
        for fault in &self.faults {
            let action = &rules.document.rules[fault.rule as usize].actions[fault.action as usize];
            let parameter = action.parameters.iter().position(|(name, _)| *name == fault.parameter);
            let code = RuleFaultCode::ALL.iter().position(|code| *code == fault.code);
            let places = [parameter, code].map(|place| place.map_or(f64::NAN, |place| place as f64));
            self.numbers.extend([f64::from(fault.rule), f64::from(fault.action), places[0], places[1]]);
        }
    }

    /// Whether the text is nothing but ASCII.
    #[must_use]
    pub fn is_ascii(&self) -> bool {
        self.length == self.text.len()
    }

    /// Adds a text; gives where it ends.
    fn add_text(&mut self, write: impl FnOnce(&mut String)) -> f64 {
        let from = self.text.len();
        write(&mut self.text);
        self.length += utf16_length(&self.text[from..]);
        self.length as f64
    }

    /// The two numbers of a value.
    fn value(&mut self, value: Option<&Value>) -> [f64; 2] {
        match value {
            None => [0.0, 0.0],
            Some(Value::Null) => [1.0, 0.0],
            Some(Value::Bool(false)) => [2.0, 0.0],
            Some(Value::Bool(true)) => [3.0, 0.0],
            Some(Value::Number(number)) => [4.0, number.as_f64().unwrap_or(f64::NAN)],
            Some(Value::String(text)) => [5.0, self.add_text(|all| all.push_str(text))],
            Some(other) => [6.0, self.add_text(|all| all.push_str(&other.to_string()))],
        }
    }
}

fn utf16_length(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.encode_utf16().count() }
}

impl Taker for Packed {
    fn suggestion<'a>(&mut self, draft: &Draft<'a>) -> Result<(), &'a str> {
        let before = (self.numbers.len(), self.text.len(), self.length);
        self.numbers.extend([f64::from(draft.rule), f64::from(draft.index), draft.weight]);
        let mut rendered = Ok(());
        if draft.template.title.plain().is_none() {
            let end = self.add_text(|text| rendered = draft.render_title(text));
            self.numbers.push(end);
        }
        if draft.template.description.plain().is_none() && rendered.is_ok() {
            let end = self.add_text(|text| rendered = draft.render_description(text));
            self.numbers.push(end);
        }
        if rendered.is_err() {
            self.numbers.truncate(before.0);
            self.text.truncate(before.1);
            self.length = before.2;
            return rendered;
        }
        for ((_, source), value) in draft.action.parameters.iter().zip(draft.parameters) {
            if let Source::Read { .. } = source {
                let value = self.value(value.as_deref());
                self.numbers.extend(value);
            }
        }
        self.numbers.push(draft.because.len() as f64);
        for seen in draft.because {
            let [kind, number] = match seen.actual {
                Actual::Value(_) if seen.is_as_asked() => [7.0, 0.0],
                Actual::Value(value) => self.value(value),
                Actual::Time(local) => [8.0, local.minute_of_week() as f64],
            };
            let holds = f64::from(u8::from(seen.holds));
            self.numbers.extend([f64::from(seen.number), holds, kind, number]);
        }
        self.numbers[0] += 1.0;
        Ok(())
    }

    fn fault(&mut self, fault: RuleFault) {
        self.faults.push(fault);
    }
}
