//! GetDelegatedAccessToken: temporary delegation, which only accounts that AWS enrolled have.
//!
//! There is no enrolment here, so everybody is answered as AWS answers an account without it.
//!
//! Reference: <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetDelegatedAccessToken.html>

use crate::access::Caller;
use crate::aws::error::AwsError;
use crate::aws::query::Params;
use crate::aws::sts::GetDelegatedAccessToken;
use crate::sts::Answer;

const ACTION: &str = "sts:GetDelegatedAccessToken";

/// Refuses, after reading what was sent.
pub fn answer(caller: &Caller, params: &Params) -> Result<Answer, AwsError> {
    GetDelegatedAccessToken::read(params)?;
    let error = AwsError::not_authorized(caller.arn(), ACTION, "*");
    Err(error.because("sts.delegation"))
}
