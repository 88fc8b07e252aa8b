"""Builds data sets; today rendered ones, later also from real videos."""
