//! JSON text as a value. A key that an object has twice is a fault, of which `serde_json` alone says nothing.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use super::pointer::Place;
use crate::fault::{DocumentFault, FaultCode};

/// Fails with a sentence if the text is not JSON. What an object says twice counts as it says it first.
pub(super) fn read(text: &str, faults: &RefCell<Vec<DocumentFault>>) -> Result<Value, String> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let seed = Seed { place: &Place::ROOT, faults };
    let value = seed.deserialize(&mut deserializer).and_then(|value| deserializer.end().map(|()| value));
    value.map_err(|error| error.to_string())
}

struct Seed<'a> {
    place: &'a Place<'a>,
    faults: &'a RefCell<Vec<DocumentFault>>,
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number is not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = {
            let place = self.place.item(items.len());
            list.next_element_seed(Seed { place: &place, faults: self.faults })?
        } {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(key) = object.next_key::<String>()? {
            let place = self.place.field(&key);
            let value = object.next_value_seed(Seed { place: &place, faults: self.faults })?;
            if fields.contains_key(&key) {
                self.faults.borrow_mut().push(DocumentFault {
                    path: place.pointer(),
                    code: FaultCode::DuplicateKey,
                    message: "the object has this key already".to_owned(),
                });
            } else {
                fields.insert(key, value);
            }
        }
        Ok(Value::Object(fields))
    }
}
