{{ staged("eco2mix-national-cons-def") }}
