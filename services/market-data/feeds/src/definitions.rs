//! The definitions of a feed's instruments, from the venue's REST service. One attempt; whether and when to try again
//! is the session's to say.

use std::time::Duration;

use reprise_venues::coinbase::{PublicRest, REST_PREFIX};
use reprise_venues::http::{Http, HttpError};
use reprise_venues::hyperliquid::{InfoRest, Universe, is_spot};
use reprise_venues::{DefinitionError, Fees};

use crate::session::Listing;
use crate::settings::{CoinbaseSettings, FeedSettings, HyperliquidSettings};

/// Coinbase's list of products has megabytes.
const TIMEOUT: Duration = Duration::from_secs(20);

/// What the venue lists of what the settings name. What cannot be an instrument is left out and logged.
pub(crate) async fn fetch(settings: FeedSettings) -> Result<Vec<Listing>, HttpError> {
    match &settings {
        FeedSettings::Coinbase(settings) => coinbase(settings).await,
        FeedSettings::Hyperliquid(settings) => hyperliquid(settings).await,
    }
}

async fn coinbase(settings: &CoinbaseSettings) -> Result<Vec<Listing>, HttpError> {
    let base = settings.rest_url.trim_end_matches('/').trim_end_matches(REST_PREFIX);
    let fees = Fees { maker: settings.maker_fee, taker: settings.taker_fee };
    let products = PublicRest::new(Http::new(base, TIMEOUT)?).products().await?;
    let mut listings = Vec::new();
    for product in products.iter().filter(|product| settings.products.contains(&product.product_id)) {
        match product.definition(fees) {
            Ok(definition) => listings.push(Listing {
                symbol: product.product_id.clone(),
                heard_as: product.market_name().to_owned(),
                definition,
            }),
            Err(fault) => leave_out(&fault),
        }
    }
    Ok(listings)
}

async fn hyperliquid(settings: &HyperliquidSettings) -> Result<Vec<Listing>, HttpError> {
    let rest = InfoRest::new(Http::new(&settings.rest_url, TIMEOUT)?);
    let perpetual_fees = Fees { maker: settings.maker_fee, taker: settings.taker_fee };
    let spot_fees = Fees { maker: settings.spot_maker_fee, taker: settings.spot_taker_fee };
    let perpetuals = rest.meta().await?;
    let spot = match settings.coins.iter().any(|coin| is_spot(coin)) {
        true => Some(rest.spot_meta().await?),
        false => None,
    };
    let (universe, left_out) = Universe::new(&perpetuals, spot.as_ref(), perpetual_fees, spot_fees);
    left_out.iter().for_each(leave_out);
    let listings = settings.coins.iter().filter_map(|coin| {
        let definition = universe.coin(coin)?.definition.clone();
        Some(Listing { symbol: coin.clone(), heard_as: coin.clone(), definition })
    });
    Ok(listings.collect())
}

fn leave_out(fault: &DefinitionError) {
    tracing::debug!(%fault, "left out of the definitions");
}
