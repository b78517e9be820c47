WITH "sized" AS (
  SELECT
    "origin",
    "pool",
    "slot",
    "amount",
    CAST(CASE WHEN "amount" < 0 THEN -1 ELSE 1 END AS DECIMAL(38, 0)) AS "sign",
    CAST(CASE WHEN "amount" < 0 THEN -"amount" ELSE "amount" END AS DECIMAL(38, 0)) AS "size"
  FROM "amount"
), "way" AS (
  SELECT
    "sized"."origin",
    "sized"."slot",
    "sized"."amount",
    "sized"."sign",
    "sized"."size",
    "route"."via",
    "route"."part",
    "route"."weight"
  FROM "sized"
  INNER JOIN "route"
    ON "route"."pool" = "sized"."pool" AND "route"."slot" = "sized"."slot"
), "routed_whole" AS (
  SELECT
    *,
    CAST(SUM("weight") OVER (PARTITION BY "origin", "amount") AS DECIMAL(38, 0)) AS "total_weight"
  FROM "way"
), "routed_guessed" AS (
  SELECT
    *,
    POWER(CAST("total_weight" AS DOUBLE PRECISION), CAST(-1 AS DOUBLE PRECISION)) AS "reciprocal",
    CAST(FLOOR(
      CAST("size" AS DOUBLE PRECISION) * CAST("weight" AS DOUBLE PRECISION) * POWER(CAST("total_weight" AS DOUBLE PRECISION), CAST(-1 AS DOUBLE PRECISION))
    ) AS DECIMAL(38, 0)) AS "guess"
  FROM "routed_whole"
), "routed_mended" AS (
  SELECT
    *,
    "guess" + CAST(FLOOR(
      CAST(CAST("size" * "weight" AS DECIMAL(38, 0)) - CAST("guess" * "total_weight" AS DECIMAL(38, 0)) AS DOUBLE PRECISION) * "reciprocal"
    ) AS DECIMAL(38, 0)) AS "better"
  FROM "routed_guessed"
), "routed_rest" AS (
  SELECT
    *,
    CAST("size" * "weight" AS DECIMAL(38, 0)) - CAST("better" * "total_weight" AS DECIMAL(38, 0)) AS "rest"
  FROM "routed_mended"
), "routed_floor" AS (
  SELECT
    *,
    CAST("better" + CASE WHEN "rest" < 0 THEN -1 WHEN "rest" >= "total_weight" THEN 1 ELSE 0 END AS DECIMAL(38, 0)) AS "floor_units",
    CAST("rest" + CASE
      WHEN "rest" < 0
      THEN "total_weight"
      WHEN "rest" >= "total_weight"
      THEN -"total_weight"
      ELSE 0
    END AS DECIMAL(38, 0)) AS "remainder"
  FROM "routed_rest"
), "routed_ranked" AS (
  SELECT
    *,
    CAST("size" - SUM("floor_units") OVER (PARTITION BY "origin", "amount") AS DECIMAL(38, 0)) AS "left_over",
    ROW_NUMBER() OVER (
      PARTITION BY "origin", "amount"
      ORDER BY "remainder" DESC NULLS LAST, "via", "part"
    ) AS "place"
  FROM "routed_floor"
), "routed" AS (
  SELECT
    *,
    CAST("floor_units" + CASE WHEN "place" <= "left_over" THEN 1 ELSE 0 END AS DECIMAL(38, 0)) AS "units"
  FROM "routed_ranked"
), "part_of" AS (
  SELECT
    "routed"."origin",
    "routed"."amount",
    "routed"."sign",
    "routed"."via",
    "routed"."part",
    "routed"."units" AS "size",
    "weight"."tenant",
    "weight"."weight"
  FROM "routed"
  INNER JOIN "weight"
    ON "weight"."via" = "routed"."via"
    AND "weight"."part" = "routed"."part"
    AND "weight"."slot" = "routed"."slot"
), "divided_whole" AS (
  SELECT
    *,
    CAST(SUM("weight") OVER (PARTITION BY "origin", "amount", "via", "part") AS DECIMAL(38, 0)) AS "total_weight"
  FROM "part_of"
), "divided_guessed" AS (
  SELECT
    *,
    POWER(CAST("total_weight" AS DOUBLE PRECISION), CAST(-1 AS DOUBLE PRECISION)) AS "reciprocal",
    CAST(FLOOR(
      CAST("size" AS DOUBLE PRECISION) * CAST("weight" AS DOUBLE PRECISION) * POWER(CAST("total_weight" AS DOUBLE PRECISION), CAST(-1 AS DOUBLE PRECISION))
    ) AS DECIMAL(38, 0)) AS "guess"
  FROM "divided_whole"
), "divided_mended" AS (
  SELECT
    *,
    "guess" + CAST(FLOOR(
      CAST(CAST("size" * "weight" AS DECIMAL(38, 0)) - CAST("guess" * "total_weight" AS DECIMAL(38, 0)) AS DOUBLE PRECISION) * "reciprocal"
    ) AS DECIMAL(38, 0)) AS "better"
  FROM "divided_guessed"
), "divided_rest" AS (
  SELECT
    *,
    CAST("size" * "weight" AS DECIMAL(38, 0)) - CAST("better" * "total_weight" AS DECIMAL(38, 0)) AS "rest"
  FROM "divided_mended"
), "divided_floor" AS (
  SELECT
    *,
    CAST("better" + CASE WHEN "rest" < 0 THEN -1 WHEN "rest" >= "total_weight" THEN 1 ELSE 0 END AS DECIMAL(38, 0)) AS "floor_units",
    CAST("rest" + CASE
      WHEN "rest" < 0
      THEN "total_weight"
      WHEN "rest" >= "total_weight"
      THEN -"total_weight"
      ELSE 0
    END AS DECIMAL(38, 0)) AS "remainder"
  FROM "divided_rest"
), "divided_ranked" AS (
  SELECT
    *,
    CAST("size" - SUM("floor_units") OVER (PARTITION BY "origin", "amount", "via", "part") AS DECIMAL(38, 0)) AS "left_over",
    ROW_NUMBER() OVER (
      PARTITION BY "origin", "amount", "via", "part"
      ORDER BY "remainder" DESC NULLS LAST, "tenant"
    ) AS "place"
  FROM "divided_floor"
), "divided" AS (
  SELECT
    *,
    CAST("floor_units" + CASE WHEN "place" <= "left_over" THEN 1 ELSE 0 END AS DECIMAL(38, 0)) AS "units"
  FROM "divided_ranked"
)
SELECT
  "origin",
  "amount",
  "via",
  "part",
  "tenant",
  "weight",
  "total_weight",
  CAST("sign" * "units" AS DECIMAL(38, 0)) AS "units"
FROM "divided"
