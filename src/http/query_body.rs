//! Reading the body of a query-protocol request, before anybody is known to have signed it.
//!
//! 256 KiB are enough for everything but SAML metadata (GEN-5): the two actions that carry it may send 2 MiB, which is
//! about one MiB of XML when it is percent-encoded. A signature covers the whole body, so it cannot be asked for first.
//! What stands in for it is that there is one at all, the action, which must show in the query or at the beginning of
//! the body (SDKs write it first), and the number of such bodies under way: four, and the next is told to come again.
//! So strangers can make us hold 8 MiB more than without this, and no more.

use axum::body::{Body, Bytes, HttpBody};
use http::header;
use http::request::Parts;
use http_body_util::BodyExt;
use tokio::sync::SemaphorePermit;

use crate::app::App;
use crate::aws::error::AwsError;
use crate::http::MAX_BODY;

/// The largest body with a metadata document in it.
const MAX_METADATA_BODY: usize = 2 * 1024 * 1024;
/// Within this many bytes the action must have been named.
const BEGINNING: usize = 128;

/// A body with the place that it takes, if it is a large one.
pub struct QueryBody<'a> {
    /// All of it.
    pub bytes: Bytes,
    _place: Option<SemaphorePermit<'a>>,
}

/// Reads the body of a request, to the limit of its action.
pub async fn read<'a>(app: &'a App, head: &Parts, body: Body) -> Result<QueryBody<'a>, AwsError> {
    let declared = head.headers.get(header::CONTENT_LENGTH);
    let declared = declared
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse::<usize>().ok());
    let query = head.uri.query().unwrap_or_default();
    // Nothing is waited for that will be refused anyway.
    let most = match head.headers.contains_key(header::AUTHORIZATION) {
        true => MAX_METADATA_BODY,
        false => MAX_BODY,
    };
    if declared.is_some_and(|declared| declared > most) {
        return Err(AwsError::too_large(most));
    }
    let mut body = body;
    let mut read = Vec::new();
    let mut place = None;
    let mut limit = MAX_BODY;
    while let Some(data) = next(&mut body).await? {
        read.extend_from_slice(&data);
        let more = declared.unwrap_or_default().max(read.len());
        if more <= limit {
            continue;
        }
        let enough = read.len() >= BEGINNING || body.is_end_stream();
        if place.is_none() && enough {
            if most == MAX_BODY || !carries_metadata(query, &read) {
                return Err(AwsError::too_large(MAX_BODY));
            }
            place = Some(
                app.large_bodies
                    .try_acquire()
                    .map_err(|_| AwsError::throttled().because("query.size"))?,
            );
            limit = MAX_METADATA_BODY;
        }
        if more > limit && place.is_some() {
            return Err(AwsError::too_large(limit));
        }
    }
    Ok(QueryBody {
        bytes: read.into(),
        _place: place,
    })
}

async fn next(body: &mut Body) -> Result<Option<Bytes>, AwsError> {
    loop {
        match body.frame().await {
            None => return Ok(None),
            Some(Err(_)) => {
                return Err(AwsError::malformed_input("The request body ended early."));
            }
            // Trailers say nothing here.
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}

/// Whether the action that shows so far is one that carries metadata.
fn carries_metadata(query: &str, read: &[u8]) -> bool {
    let beginning = read.get(..BEGINNING).unwrap_or(read);
    let pieces = query.as_bytes().split(|byte| *byte == b'&');
    let mut pieces = pieces.chain(beginning.split(|byte| *byte == b'&'));
    pieces.any(|piece| {
        matches!(
            piece,
            b"Action=CreateSAMLProvider" | b"Action=UpdateSAMLProvider"
        )
    })
}
