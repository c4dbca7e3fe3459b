//! The digest by mail: through a topic of Amazon SNS, which sends it to whoever confirmed that they
//! want it.

use aws_sdk_sns::error::ProvideErrorMetadata;
use futures::future::BoxFuture;
use rules::{Digest, Subscribers};

/// What SNS gives as the ARN of a subscription that nobody has confirmed yet.
const UNCONFIRMED: &str = "PendingConfirmation";
/// More pages of subscriptions than a topic of one address can have.
const MAX_PAGES: usize = 10;

/// Why the topic did not do as asked. It holds no address and nothing of a mail.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the topic of the digest (DigestTopic) did not do as asked: {0}")]
pub struct MailError(pub String);

/// Sends the digest.
pub trait Mail: Send + Sync + 'static {
    /// Sends it to everybody who confirmed. An error means that it may have been sent all the same.
    fn send<'a>(&'a self, digest: &'a Digest) -> BoxFuture<'a, Result<(), MailError>>;
    /// Who gets it.
    fn subscribers(&self) -> BoxFuture<'_, Result<Subscribers, MailError>>;
}

/// A topic of Amazon SNS.
#[derive(Debug, Clone)]
pub struct SnsMail {
    client: aws_sdk_sns::Client,
    topic_arn: String,
}

impl SnsMail {
    /// The topic with this ARN.
    #[must_use]
    pub fn new(client: aws_sdk_sns::Client, topic_arn: String) -> Self {
        Self { client, topic_arn }
    }
}

impl Mail for SnsMail {
    fn send<'a>(&'a self, digest: &'a Digest) -> BoxFuture<'a, Result<(), MailError>> {
        Box::pin(async move {
            let publish = self.client.publish();
            let publish = publish.topic_arn(&self.topic_arn);
            let publish = publish.subject(&digest.subject).message(&digest.body);
            // The SDK's own retry after a lost answer would send the mail twice.
            let once = aws_sdk_sns::config::Builder::new()
                .retry_config(aws_sdk_sns::config::retry::RetryConfig::disabled());
            let sent = publish.customize().config_override(once).send().await;
            sent.map(drop).map_err(|error| words(&error))
        })
    }

    fn subscribers(&self) -> BoxFuture<'_, Result<Subscribers, MailError>> {
        Box::pin(async move {
            let list = self.client.list_subscriptions_by_topic();
            let list = list.topic_arn(&self.topic_arn);
            let mut subscribers = Subscribers::default();
            let mut next = None;
            for _ in 0..MAX_PAGES {
                let page = list.clone().set_next_token(next).send().await;
                let page = page.map_err(|error| words(&error))?;
                for subscription in page.subscriptions() {
                    add(&mut subscribers, subscription.subscription_arn());
                }
                next = page.next_token;
                if next.is_none() {
                    break;
                }
            }
            Ok(subscribers)
        })
    }
}

fn add(subscribers: &mut Subscribers, subscription_arn: Option<&str>) {
    match subscription_arn {
        Some(UNCONFIRMED) => subscribers.unconfirmed += 1,
        Some(arn) if arn.starts_with("arn:") => subscribers.confirmed += 1,
        // Deleted a moment ago.
        _ => {}
    }
}

/// The code of an error alone: SNS's own words can quote an address.
fn words<E: ProvideErrorMetadata>(error: &E) -> MailError {
    MailError(error.code().unwrap_or("no answer").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_not_confirmed_is_told_from_who_has() {
        let mut subscribers = Subscribers::default();
        for arn in [
            Some("PendingConfirmation"),
            Some("arn:aws:sns:eu-west-2:1:digest:5d0b5c2e"),
            Some("Deleted"),
            None,
        ] {
            add(&mut subscribers, arn);
        }
        let expected = Subscribers {
            confirmed: 1,
            unconfirmed: 1,
        };
        assert_eq!(subscribers, expected);
    }
}
