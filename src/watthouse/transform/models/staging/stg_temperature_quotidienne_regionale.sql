{{ staged("temperature-quotidienne-regionale") }}
