//! What the settings take and what they refuse.

use super::world::{BARS, SPOT, cash, id, qty, rate};
use crate::settings::{BandKind, BandSettings, Limits};
use crate::{RiskSettings, SettingsError};

/// Breaks when a configuration that says nothing limits something.
#[test]
fn nothing_is_limited_by_default() {
    let settings: RiskSettings = toml::from_str("").unwrap();
    assert_eq!(settings, RiskSettings::default());
    assert_eq!(settings.limits, Limits::default());
    assert_eq!(settings.validate(), Ok(()));
}

/// Breaks when an instrument's own limits do not lie over the common ones field by field.
#[test]
fn an_instruments_limits_lie_over_the_common_ones() {
    let text = r#"
        max_daily_loss = 250.5
        order_rate = 10
        [limits]
        max_order_qty = "5"
        max_position_qty = 10
        [instruments."BTC-USD.X"]
        max_order_qty = 0.5
        band_collar = true
        [[bands]]
        kind = "ewma"
        half_life = 100
        width = 3
        interval_ms = 0
    "#;
    let settings: RiskSettings = toml::from_str(text).unwrap();
    assert_eq!(settings.validate(), Ok(()));
    let (own, other) = (settings.limits_of(&id(SPOT)), settings.limits_of(&id(BARS)));
    assert_eq!((own.max_order_qty, own.max_position_qty), (Some(qty("0.5")), Some(qty("10"))));
    assert_eq!((other.max_order_qty, other.band_collar), (Some(qty("5")), None));
    assert_eq!((settings.max_daily_loss, settings.order_rate), (Some(cash("250.5")), Some(10)));
    let back: RiskSettings = toml::from_str(&toml::to_string(&settings).unwrap()).unwrap();
    assert_eq!(back, settings);
}

/// Breaks when a key that is misspelt is silently no limit at all.
#[test]
fn unknown_keys_are_errors() {
    for text in [
        "max_dayly_loss = 1",
        "[limits]\nmax_position = 1",
        "[[bands]]\nkind = \"stddev\"\nwindows = 3",
        "[[bands]]",
    ] {
        assert!(toml::from_str::<RiskSettings>(text).is_err(), "{text}");
    }
}

/// Breaks when settings that cannot work are taken.
#[test]
fn settings_that_cannot_work_are_named() {
    let band = |change: fn(&mut BandSettings)| {
        let mut band = BandSettings::default();
        change(&mut band);
        RiskSettings { bands: vec![BandSettings::default(), band], ..RiskSettings::default() }
    };
    let limit = |change: fn(&mut RiskSettings)| {
        let mut settings = RiskSettings::default();
        change(&mut settings);
        settings
    };
    let rows: [(RiskSettings, &str); 14] = [
        (band(|b| b.width = 0.0), "band 1 (counted from 0): width is a number above 0"),
        (band(|b| b.width = f64::NAN), "band 1 (counted from 0): width is a number above 0"),
        (band(|b| b.window = 1), "band 1 (counted from 0): window is 2 samples or more"),
        (band(|b| b.window = 2_000_000), "band 1 (counted from 0): window is 1,000,000 samples or fewer"),
        (
            band(|b| (b.kind, b.window) = (BandKind::Atr, 0)),
            "band 1 (counted from 0): window is 1 bar or more",
        ),
        (band(|b| b.lambda = Some(0.9)), "band 1 (counted from 0): lambda and half_life are for ewma"),
        (
            band(|b| (b.kind, b.lambda, b.half_life) = (BandKind::Ewma, Some(0.9), Some(3.0))),
            "band 1 (counted from 0): lambda and half_life say the same; give one of them",
        ),
        (
            band(|b| (b.kind, b.lambda) = (BandKind::Ewma, Some(1.0))),
            "band 1 (counted from 0): lambda lies between 0 and 1, half_life is above 0",
        ),
        (
            band(|b| (b.kind, b.half_life) = (BandKind::Ewma, Some(-1.0))),
            "band 1 (counted from 0): lambda lies between 0 and 1, half_life is above 0",
        ),
        (
            limit(|s| s.max_daily_loss = Some(cash("-1"))),
            "the limit 'max_daily_loss' is -1; a limit is zero or more, and left out when there is none",
        ),
        (
            limit(|s| s.limits.max_slippage = Some(rate("-0.1"))),
            "the limit 'max_slippage' is -0.1; a limit is zero or more, and left out when there is none",
        ),
        (
            limit(|s| {
                s.instruments
                    .insert(id(SPOT), Limits { max_order_qty: Some(qty("-3")), ..Limits::default() });
            }),
            "the limit 'max_order_qty' is -3; a limit is zero or more, and left out when there is none",
        ),
        (
            limit(|s| (s.order_rate, s.order_rate_window_ms) = (Some(1), 0)),
            "order_rate is set and its window is 0 ms; say over how long the orders are counted",
        ),
        (
            limit(|s| s.market_slippage = rate("-0.01")),
            "the limit 'market_slippage' is -0.01; a limit is zero or more, and left out when there is none",
        ),
    ];
    for (settings, want) in rows {
        assert_eq!(settings.validate().map_err(|error| error.to_string()), Err(want.to_owned()));
    }
}

/// Breaks when a limit cannot be set by the name it has in the configuration.
#[test]
fn every_limit_of_an_instrument_can_be_set() {
    for &key in Limits::KEYS {
        let mut settings = RiskSettings::default();
        let value = match key {
            "band_collar" => "true",
            "collar_sides" => "worse",
            _ => "3",
        };
        settings.set(&format!("limits.{key}"), value, None).unwrap();
        assert_ne!(settings.limits, Limits::default(), "{key}");
        settings.set(key, value, Some(id(SPOT))).unwrap();
        assert_ne!(settings.instruments[&id(SPOT)], Limits::default(), "{key}");
        settings.set(&format!("risk.limits.{key}"), "off", None).unwrap();
        assert_eq!(settings.limits, Limits::default(), "{key}");
    }
    let mut settings = RiskSettings::default();
    let unknown = settings.set("max_position", "1", None);
    assert_eq!(unknown, Err(SettingsError::UnknownKey { key: "max_position".to_owned() }));
    assert!(matches!(settings.set("order_rate", "fast", None), Err(SettingsError::BadValue { .. })));
    assert!(matches!(settings.set("max_drawdown", "-1", None), Err(SettingsError::Negative { .. })));
    assert_eq!(settings, RiskSettings::default());
}
