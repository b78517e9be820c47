"""Versions of PostgreSQL: which one each server has, and which upgrades are allowed."""
