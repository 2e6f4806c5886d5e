//! Colour that can be trusted: finds a grey card or a chart and fits a calibration.
