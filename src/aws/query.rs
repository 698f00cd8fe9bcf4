//! Parameters of the AWS query protocol: a form body and a query string, parsed once.
//!
//! Unknown parameters are ignored, as AWS does; a parameter given twice (in one place or in both) is
//! refused, because two readers could disagree about which one counts.

use std::collections::BTreeMap;

use crate::aws::error::AwsError;

/// At most this many parameters; no operation of ours takes a tenth of it.
const MAX_PARAMETERS: usize = 1000;
/// AWS skips at most this many missing list elements.
const MAX_GAP: usize = 10;

/// The parameters of one request, in the order they came.
#[derive(Debug, Default)]
pub struct Params {
    pairs: Vec<(String, String)>,
}

/// One element of a `Name.member.N` list: its own parameters, named without the list's prefix. A scalar
/// element has the one name `""`.
pub type Member<'a> = BTreeMap<&'a str, &'a str>;

impl Params {
    /// Reads query string and form body together. `X-Amz-*` parameters of a presigned request belong to
    /// the signature and are left out.
    pub fn parse(query: &str, body: &[u8]) -> Result<Params, AwsError> {
        let mut params = Params::default();
        for source in [query.as_bytes(), body] {
            for piece in source.split(|b| *b == b'&') {
                if piece.is_empty() {
                    continue;
                }
                let (name, value) = match piece.iter().position(|b| *b == b'=') {
                    Some(at) => (
                        piece.get(..at).unwrap_or_default(),
                        piece.get(at + 1..).unwrap_or_default(),
                    ),
                    None => (piece, &b""[..]),
                };
                let (name, value) = (decode(name)?, decode(value)?);
                if name.len() > 6 && name.as_bytes()[..6].eq_ignore_ascii_case(b"x-amz-") {
                    continue;
                }
                if params.pairs.len() >= MAX_PARAMETERS {
                    return Err(AwsError::malformed_input(format!(
                        "The request has more than {MAX_PARAMETERS} parameters."
                    )));
                }
                params.pairs.push((name, value));
            }
        }
        params.refuse_repetition()?;
        Ok(params)
    }

    fn refuse_repetition(&self) -> Result<(), AwsError> {
        let mut names: Vec<&str> = self.pairs.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        match names.windows(2).find(|pair| pair.first() == pair.last()) {
            Some(pair) => {
                let shown: String = pair
                    .iter()
                    .take(1)
                    .flat_map(|n| n.chars())
                    .take(64)
                    .collect();
                Err(AwsError::malformed_input(format!(
                    "The parameter {shown} was given more than once."
                ))
                .because("query.repeated"))
            }
            None => Ok(()),
        }
    }

    /// Name and value of every parameter, in the order they came.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.pairs.iter();
        pairs.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs
            .iter()
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.as_str())
    }

    /// A whole number as AWS reads one: an optional plus sign and digits, within 32 bits.
    pub fn integer(&self, name: &str) -> Result<Option<i64>, AwsError> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        let digits = text
            .strip_prefix('+')
            .or_else(|| text.strip_prefix('-'))
            .unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(AwsError::malformed_input(format!(
                "The value of {name} is not an integer."
            )));
        }
        match text.strip_prefix('+').unwrap_or(text).parse::<i32>() {
            Ok(number) => Ok(Some(i64::from(number))),
            Err(_) => Err(AwsError::malformed_input(format!(
                "The value of {name} is out of range for an integer."
            ))),
        }
    }

    /// The elements of `list.member.N`, in order. A missing element below a later one is `None`; an
    /// empty list (`Tags=`) is no element.
    pub fn members(&self, list: &str) -> Result<Vec<Option<Member<'_>>>, AwsError> {
        let mut found: BTreeMap<usize, Member<'_>> = BTreeMap::new();
        for (name, value) in &self.pairs {
            let Some(rest) = name
                .strip_prefix(list)
                .and_then(|rest| rest.strip_prefix(".member."))
            else {
                continue;
            };
            let (index, field) = rest.split_once('.').unwrap_or((rest, ""));
            let member = found.entry(member_index(index)?).or_default();
            // `member.1` and `member.01` are one element under two names.
            if member.insert(field, value.as_str()).is_some() {
                return Err(AwsError::malformed_input(format!(
                    "An element of {list} was given more than once."
                ))
                .because("query.repeated"));
            }
        }
        let mut members = Vec::with_capacity(found.len());
        for (index, member) in found {
            let skipped = index.saturating_sub(members.len() + 1);
            if skipped > MAX_GAP {
                return Err(AwsError::malformed_input(format!(
                    "Excessively sparse input would skip {skipped} list elements"
                )));
            }
            members.extend((0..skipped).map(|_| None));
            members.push(Some(member));
        }
        Ok(members)
    }

    /// The elements of a list of strings.
    pub fn strings(&self, list: &str) -> Result<Vec<Option<&str>>, AwsError> {
        let members = self.members(list)?;
        Ok(members
            .into_iter()
            .map(|member| member.and_then(|fields| fields.get("").copied()))
            .collect())
    }
}

fn member_index(text: &str) -> Result<usize, AwsError> {
    if text.starts_with('-') {
        return Err(AwsError::malformed_input(format!(
            "Key {} may not have a leading '-'",
            text.chars().take(32).collect::<String>()
        )));
    }
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(AwsError::malformed_input(
            "Start of list found where not expected",
        ));
    }
    match text.parse::<usize>() {
        Ok(0) => Err(AwsError::malformed_input("0 is not a valid index")),
        Ok(index) if index <= 1_000_000 => Ok(index),
        _ => Err(AwsError::malformed_input(
            "Excessively sparse input would skip list elements",
        )),
    }
}

/// Decodes `+` and `%XX`, strictly: a broken escape or text that is not UTF-8 is refused.
fn decode(raw: &[u8]) -> Result<String, AwsError> {
    let not_text = |_| AwsError::malformed_input("The request is not valid UTF-8.");
    if !raw.iter().any(|byte| matches!(byte, b'+' | b'%')) {
        return String::from_utf8(raw.to_vec()).map_err(not_text);
    }
    let mut out = Vec::with_capacity(raw.len());
    let mut bytes = raw.iter().copied();
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let hex = |byte: Option<u8>| byte.and_then(|b| char::from(b).to_digit(16));
                match (hex(bytes.next()), hex(bytes.next())) {
                    (Some(high), Some(low)) => out.push((high * 16 + low) as u8),
                    _ => {
                        return Err(AwsError::malformed_input(
                            "The request has an incomplete percent-encoding.",
                        ));
                    }
                }
            }
            other => out.push(other),
        }
    }
    String::from_utf8(out).map_err(not_text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(body: &str) -> Result<Params, AwsError> {
        Params::parse("", body.as_bytes())
    }

    fn message(result: Result<impl std::fmt::Debug, AwsError>) -> String {
        result.unwrap_err().message.into_owned()
    }

    #[test]
    fn body_and_query_are_one_and_both_spaces_decode() {
        let params = Params::parse("Action=A&X-Amz-Date=x", b"Name=a+b%20c").unwrap();
        assert_eq!(params.get("Action"), Some("A"));
        assert_eq!(params.get("Name"), Some("a b c"));
        assert_eq!(params.get("X-Amz-Date"), None);
    }

    #[test]
    fn a_parameter_given_twice_is_refused() {
        let twice = params("Action=A&Action=A");
        assert_eq!(twice.unwrap_err().reason, "query.repeated");
        let across = Params::parse("Action=A", b"Action=B");
        assert_eq!(across.unwrap_err().reason, "query.repeated");
    }

    #[test]
    fn broken_escapes_and_broken_text_are_refused() {
        assert!(message(params("a=%zz")).contains("percent"));
        assert!(message(params("a=%4")).contains("percent"));
        assert!(message(params("a=%ff")).contains("UTF-8"));
    }

    #[test]
    fn integers_are_read_as_aws_reads_them() {
        let read = |text: &str| params(&format!("D={text}")).unwrap().integer("D");
        for good in ["900", "0900", "%2B900"] {
            assert_eq!(read(good).unwrap(), Some(900), "{good}");
        }
        assert_eq!(read("-5").unwrap(), Some(-5));
        for bad in ["+900", "900.0", "9e2", "2147483648", "", "x"] {
            assert_eq!(read(bad).unwrap_err().code, "MalformedInput", "{bad}");
        }
    }

    #[test]
    fn list_indexes_follow_the_recorded_rules() {
        let read = |name: &str| {
            let params = params(&format!("T.member.{name}=v")).unwrap();
            params.strings("T").map(|list| list.len())
        };
        assert_eq!(read("01").unwrap(), 1);
        assert_eq!(read("11").unwrap(), 11);
        assert_eq!(
            message(read("one")),
            "Start of list found where not expected"
        );
        assert_eq!(message(read("0")), "0 is not a valid index");
        assert_eq!(message(read("-1")), "Key -1 may not have a leading '-'");
        assert_eq!(
            message(read("13")),
            "Excessively sparse input would skip 12 list elements"
        );
    }

    #[test]
    fn one_element_under_two_spellings_of_its_index_is_refused() {
        let params = params("T.member.1=a&T.member.01=b").unwrap();
        assert_eq!(params.members("T").unwrap_err().reason, "query.repeated");
    }

    #[test]
    fn an_empty_list_is_no_element_and_a_gap_is_a_null_one() {
        assert!(params("Tags=").unwrap().members("Tags").unwrap().is_empty());
        let gap = params("T.member.1=a&T.member.3=c").unwrap();
        assert_eq!(gap.strings("T").unwrap(), [Some("a"), None, Some("c")]);
    }

    #[test]
    fn too_many_parameters_are_refused() {
        let body: String = (0..1100).map(|i| format!("p{i}=&")).collect();
        assert!(message(params(&body)).contains("1000"));
    }
}
