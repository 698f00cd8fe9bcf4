//! GetAccessKeyInfo: the account that an access key id belongs to, whatever the key's state.
//!
//! Reference: <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetAccessKeyInfo.html>

use serde_json::{Value, json};

use crate::access::Call;
use crate::aws::error::AwsError;
use crate::aws::ids::AccountId;
use crate::aws::query::Params;
use crate::aws::sts::GetAccessKeyInfo;
use crate::aws::xml::Node;
use crate::sts::{Answer, Denial, EmbeddedSts};

impl EmbeddedSts {
    /// Answers from the id's own digits; an id of the older form is looked up.
    pub async fn get_access_key_info(
        &self,
        call: &mut Call,
        params: &Params,
    ) -> Result<Answer, Denial> {
        let input = GetAccessKeyInfo::read(params)?;
        let id = &input.access_key_id;
        call.event
            .set("requestParameters", json!({ "accessKeyId": id }));
        let is_key = id.starts_with("AKIA") || id.starts_with("ASIA");
        let account = match self.cache.access_key(id).await? {
            Some(key) => Some(key.account.clone()),
            None if is_key => AccountId::of_id(id).map(|account| account.to_string()),
            None => None,
        };
        let account = account.ok_or_else(|| {
            AwsError::validation("The access key ID provided does not exist in our records.")
                .because("sts.key.unknown")
        })?;
        Ok(Answer {
            fields: vec![("Account", Node::text(account))],
            elements: Value::Null,
            grants: false,
        })
    }
}
