//! A rule as explanations and their JSON have it.

use std::fmt;

use harness_spec::rules::Rule;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

/// A rule. It is serialized as its name, its sentence and its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleName(pub &'static Rule);

impl fmt::Display for RuleName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0.name)
    }
}

impl Serialize for RuleName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_struct("Rule", 3)?;
        fields.serialize_field("name", self.0.name)?;
        fields.serialize_field("sentence", self.0.sentence)?;
        fields.serialize_field("source", self.0.source)?;
        fields.end()
    }
}
