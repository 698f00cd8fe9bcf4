//! The reference page of the AWS actions, written from the tables that the door looks them up in.

use std::collections::BTreeMap;

use crate::aws::actions;
use crate::{iam, sts};

/// How an action is answered: whole, or with what is missing.
type Answered = BTreeMap<&'static str, Option<&'static str>>;

/// `docs/actions.md`, generated; a test compares it with the file.
pub fn reference() -> String {
    let operations = sts::OPERATIONS.iter();
    let of_sts = operations.map(|(name, operation, _)| (*name, sts::partly(*operation)));
    let of_iam = iam::operations().map(|operation| (operation.name, operation.partly));
    let mut out = String::from(
        "# Actions\n\nGenerated from the program. Every operation of the two service models: *answered* as AWS does, *partly* (and what is \
         missing), or with the error `InvalidAction`.\n",
    );
    section(
        &mut out,
        "STS 2011-06-15",
        actions::sts(),
        &of_sts.collect(),
    );
    section(
        &mut out,
        "IAM 2010-05-08",
        actions::iam(),
        &of_iam.collect(),
    );
    out
}

fn section(
    out: &mut String,
    title: &str,
    names: impl Iterator<Item = &'static str>,
    answered: &Answered,
) {
    let mut rows = String::new();
    let (mut all, mut some) = (0, 0);
    for name in names {
        all += 1;
        let how = match answered.get(name) {
            None => "`InvalidAction`".to_owned(),
            Some(partly) => {
                some += 1;
                partly.map_or_else(|| "answered".to_owned(), |what| format!("partly: {what}"))
            }
        };
        rows.push_str(&format!("| {name} | {how} |\n"));
    }
    out.push_str(&format!(
        "\n## {title}\n\n{some} of {all}.\n\n| action | here |\n| --- | --- |\n{rows}"
    ));
}
