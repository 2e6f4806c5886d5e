//! What leaves the studio: exports, contact sheets, reports.
