//! What an assertion says, and whether it may still say it to us.

use super::values::{attribute, clean, name_id, needed, one, optional_time, text, time};
use super::{Attribute, Authn, Expectations, Expected, NameId, issued_in_time, values};
use crate::SamlError;
use crate::document::Element;
use crate::names::{ASSERTION, BEARER, SCHEMA_INSTANCE};

/// Everything that is read from an assertion.
pub(crate) struct Claims {
    pub(crate) issuer: String,
    pub(crate) id: String,
    pub(crate) name_id: NameId,
    pub(super) issued_at: i64,
    pub(super) confirmations: Vec<Confirmation>,
    conditions: Option<Window>,
    /// The audiences of each restriction.
    pub(super) audiences: Vec<Vec<String>>,
    unknown_condition: bool,
    pub(super) one_time_use: bool,
    authn: Vec<Authn>,
    pub(crate) attributes: Vec<Attribute>,
}

/// A span of time, in seconds since 1970; open where an end is missing.
#[derive(Clone, Copy)]
struct Window {
    from: Option<i64>,
    until: Option<i64>,
}

/// A subject confirmation.
pub(super) struct Confirmation {
    bearer: bool,
    /// Absent without `SubjectConfirmationData`.
    data: Option<ConfirmationData>,
}

struct ConfirmationData {
    window: Window,
    recipient: Option<String>,
    in_response_to: Option<String>,
}

/// What held.
pub(super) struct Confirmed {
    pub(super) recipient: String,
    pub(super) in_response_to: Option<String>,
    pub(super) ends_at: i64,
    pub(super) confirmation_ends_at: i64,
    pub(super) authn: Authn,
}

impl Window {
    fn read(element: Element<'_>) -> Result<Window, SamlError> {
        Ok(Window {
            from: optional_time(element, "NotBefore")?,
            until: optional_time(element, "NotOnOrAfter")?,
        })
    }

    fn has_begun(self, expectations: &Expectations<'_>) -> bool {
        let latest = expectations.now.saturating_add(expectations.skew);
        !expectations.not_before || self.from.is_none_or(|from| from <= latest)
    }

    fn has_ended(self, expectations: &Expectations<'_>) -> bool {
        let earliest = expectations.now.saturating_sub(expectations.skew);
        self.until.is_some_and(|until| until <= earliest)
    }
}

impl Expected<'_> {
    pub(super) fn admits(self, said: &str) -> bool {
        match self {
            Expected::OneOf(ours) | Expected::OneOfIfPresent(ours) => {
                ours.iter().any(|our| our == said)
            }
            Expected::KnownIfPresent(knows) => knows(said),
            Expected::Anything => true,
        }
    }
}

impl Claims {
    /// Reads an assertion. Nothing here is judged but form.
    pub(super) fn read(assertion: Element<'_>) -> Result<Claims, SamlError> {
        let subject = one(assertion, "Subject")?;
        let confirmations = subject.named(ASSERTION, "SubjectConfirmation");
        let mut claims = Claims {
            issuer: values::issuer(assertion)?,
            id: assertion.attribute("ID").ok_or(SamlError::Id)?.to_owned(),
            name_id: name_id(one(subject, "NameID")?)?,
            issued_at: time(assertion, "IssueInstant")?,
            confirmations: confirmations.map(confirmation).collect::<Result<_, _>>()?,
            conditions: None,
            audiences: Vec::new(),
            unknown_condition: false,
            one_time_use: false,
            authn: Vec::new(),
            attributes: Vec::new(),
        };
        let mut conditions = assertion.named(ASSERTION, "Conditions");
        if let Some(element) = conditions.next() {
            claims.conditions(element)?;
        }
        if conditions.next().is_some() {
            return Err(SamlError::Element("Conditions"));
        }
        for statement in assertion.named(ASSERTION, "AuthnStatement") {
            claims.authn.push(authn(statement)?);
        }
        for statement in assertion.named(ASSERTION, "AttributeStatement") {
            for element in statement.children() {
                if !element.is(ASSERTION, "Attribute") {
                    return Err(SamlError::Element("AttributeStatement"));
                }
                claims.attribute(element)?;
            }
        }
        Ok(claims)
    }

    fn conditions(&mut self, element: Element<'_>) -> Result<(), SamlError> {
        self.conditions = Some(Window::read(element)?);
        for condition in element.children() {
            match (condition.namespace(), condition.local()) {
                (ASSERTION, "AudienceRestriction") => {
                    let audiences = condition.named(ASSERTION, "Audience");
                    let audiences = audiences.map(|it| needed(it, "Audience"));
                    self.audiences.push(audiences.collect::<Result<_, _>>()?);
                }
                (ASSERTION, "OneTimeUse") => self.one_time_use = true,
                // About assertions that others would make from this one.
                (ASSERTION, "ProxyRestriction") => {}
                _ => self.unknown_condition = true,
            }
        }
        Ok(())
    }

    fn attribute(&mut self, element: Element<'_>) -> Result<(), SamlError> {
        let name = attribute(element, "Name")?.filter(|name| !name.is_empty());
        let name = name.ok_or(SamlError::ValueEmpty("Attribute"))?;
        let mut read = Vec::new();
        for value in element.children() {
            if !value.is(ASSERTION, "AttributeValue") {
                return Err(SamlError::Element("Attribute"));
            }
            read.extend(attribute_value(value)?);
        }
        match self.attributes.iter_mut().find(|it| it.name == name) {
            Some(attribute) => attribute.values.append(&mut read),
            None => self.attributes.push(Attribute {
                name,
                friendly_name: attribute(element, "FriendlyName")?,
                values: read,
            }),
        }
        Ok(())
    }

    /// Judges what was read.
    pub(super) fn check(&self, expectations: &Expectations<'_>) -> Result<Confirmed, SamlError> {
        issued_in_time(self.issued_at, expectations)?;
        let conditions = self.conditions.ok_or(SamlError::ConditionsMissing)?;
        self.check_conditions(conditions, expectations)?;
        let (recipient, in_response_to, until) = self.confirmed(expectations)?;
        Ok(Confirmed {
            recipient,
            in_response_to,
            ends_at: conditions.until.map_or(until, |other| until.min(other)),
            confirmation_ends_at: until,
            authn: self.authenticated(expectations)?,
        })
    }

    fn check_conditions(
        &self,
        conditions: Window,
        expectations: &Expectations<'_>,
    ) -> Result<(), SamlError> {
        if self.unknown_condition {
            return Err(SamlError::ConditionsUnknown);
        }
        if !conditions.has_begun(expectations) {
            return Err(SamlError::ConditionsNotYet);
        }
        if conditions.has_ended(expectations) {
            return Err(SamlError::ConditionsExpired);
        }
        let required = matches!(expectations.audience, Expected::OneOf(_));
        let ours = |restriction: &Vec<String>| {
            restriction
                .iter()
                .any(|it| expectations.audience.admits(it))
        };
        // Every restriction must name us: several are a conjunction (core section 2.5.1.4).
        let anything = matches!(expectations.audience, Expected::Anything);
        let admitted = anything || self.audiences.iter().all(ours);
        match admitted && !(required && self.audiences.is_empty()) {
            true => Ok(()),
            false => Err(SamlError::Audience),
        }
    }

    /// The first bearer confirmation that holds; the refusal of the last one where none does.
    fn confirmed(
        &self,
        expectations: &Expectations<'_>,
    ) -> Result<(String, Option<String>, i64), SamlError> {
        let bearers = || self.confirmations.iter().filter(|it| it.bearer);
        // Whichever of them holds, none may answer to another request (SAML-10).
        for data in bearers().filter_map(|it| it.data.as_ref()) {
            expectations
                .in_response_to
                .check(data.in_response_to.as_deref())?;
        }
        let mut refusal = SamlError::ConfirmationMissing;
        for confirmation in bearers() {
            match confirmation.holds(expectations) {
                Ok(held) => return Ok(held),
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }

    fn authenticated(&self, expectations: &Expectations<'_>) -> Result<Authn, SamlError> {
        let authn = match self.authn.as_slice() {
            [one] => one,
            [] => return Err(SamlError::AuthnStatementMissing),
            // One sign-in, one session: two statements could end at two times.
            _ => return Err(SamlError::Element("AuthnStatement")),
        };
        let session = Window {
            from: None,
            until: authn.session_ends_at,
        };
        if session.has_ended(expectations) {
            return Err(SamlError::SessionEnded);
        }
        let contexts = expectations.authn_contexts;
        let asked = contexts.is_empty()
            || authn
                .context
                .as_ref()
                .is_some_and(|it| contexts.contains(it));
        let since = expectations.authenticated_since;
        let recent =
            since.is_none_or(|since| authn.instant >= since.saturating_sub(expectations.skew));
        match asked && recent {
            true => Ok(authn.clone()),
            false => Err(SamlError::AuthnContext),
        }
    }
}

impl Confirmation {
    fn holds(
        &self,
        expectations: &Expectations<'_>,
    ) -> Result<(String, Option<String>, i64), SamlError> {
        let data = self.data.as_ref().ok_or(SamlError::ConfirmationMissing)?;
        let until = data.window.until.ok_or(SamlError::ConfirmationNoEnd)?;
        let recipient = data.recipient.clone();
        let recipient = recipient.ok_or(SamlError::ConfirmationNoRecipient)?;
        if !expectations.recipient.admits(&recipient) {
            return Err(SamlError::ConfirmationRecipient);
        }
        if !data.window.has_begun(expectations) {
            return Err(SamlError::ConfirmationNotYet);
        }
        if data.window.has_ended(expectations) {
            return Err(SamlError::ConfirmationExpired);
        }
        Ok((recipient, data.in_response_to.clone(), until))
    }
}

fn confirmation(element: Element<'_>) -> Result<Confirmation, SamlError> {
    let mut found = element.named(ASSERTION, "SubjectConfirmationData");
    let data = found.next();
    if found.next().is_some() {
        return Err(SamlError::Element("SubjectConfirmationData"));
    }
    let data = data.map(|data| {
        Ok::<_, SamlError>(ConfirmationData {
            window: Window::read(data)?,
            recipient: data.attribute("Recipient").map(str::to_owned),
            in_response_to: data.attribute("InResponseTo").map(str::to_owned),
        })
    });
    Ok(Confirmation {
        bearer: element.attribute("Method") == Some(BEARER),
        data: data.transpose()?,
    })
}

fn authn(statement: Element<'_>) -> Result<Authn, SamlError> {
    let context = statement.named(ASSERTION, "AuthnContext").next();
    let class = context.and_then(|it| it.named(ASSERTION, "AuthnContextClassRef").next());
    Ok(Authn {
        instant: time(statement, "AuthnInstant")?,
        session_ends_at: optional_time(statement, "SessionNotOnOrAfter")?,
        session_index: attribute(statement, "SessionIndex")?,
        context: class.map(text).transpose()?,
    })
}

/// A value of an attribute: its text, or the name that it holds and nothing beside (`eduPersonTargetedID`). Other
/// structured values say nothing that anybody here could compare, and are left out, as is what says to be nothing.
fn attribute_value(value: Element<'_>) -> Result<Option<String>, SamlError> {
    let nil = value.attributes().iter().any(|it| {
        it.namespace() == SCHEMA_INSTANCE
            && it.local() == "nil"
            && ["1", "true"].contains(&it.value())
    });
    if nil {
        return Ok(None);
    }
    if let Some(text) = value.text() {
        return clean(&text).map(Some);
    }
    let mut inside = value.children();
    match (inside.next(), inside.next()) {
        (Some(name), None) if name.is(ASSERTION, "NameID") && !value.has_stray_text() => {
            needed(name, "NameID").map(Some)
        }
        _ => Ok(None),
    }
}
