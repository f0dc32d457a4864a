//! What the device's own software answered about keys, asked of the same RSA key.

use crate::answers::replay;
use crate::device::{ADMIN, Desk, add_user};
use nethsm::user::UserRole;

/// As in [`crate::answers`]. The device's own key can be had: the probes show one of its primes.
const KEYS: &str = r#"
A | PUT /keys/rsa | {"type":"RSA","mechanisms":["RSA_Signature_PKCS1","RSA_Signature_PSS_SHA256","RSA_Decryption_RAW","RSA_Decryption_PKCS1","RSA_Decryption_OAEP_SHA256"],"private":{"primeP":"APWssfg0uM2HevzjbDM+Om8ThaGLNoxzJkujtbT55SPhx5ntnDiktTXNRAHdwJgAc1HPVVCm6nESSIZ0ZqO+rh2vRYT+oXMHre0zhpGDZMVAB31zowTUv+6d7lakMbqN3hDjpxaiP3Xg7my4qMCrnnFyBq7LuE/0zw2SeoQnKlY1","primeQ":"0Bz8LW4oN1KyBz927k3gHy8tkfxoL6mhXKrx5nCSCzvW8bddxxbqASQLl2Hjf0Mp1kpiPenLCrf002PMArRVKz1Oexy21pW1pLjmty2nI/mc2hCexV7d65znk/1Qq5X21HDuedKLRN/VANumEQ/9uxePsXgUboxx2F5cs/NXszs=","publicExponent":"AQAB"}} | 204 json v
A | PUT /keys/rsa | {"type":"RSA","mechanisms":["RSA_Signature_PKCS1","RSA_Signature_PSS_SHA256","RSA_Decryption_RAW","RSA_Decryption_PKCS1","RSA_Decryption_OAEP_SHA256"],"private":{"primeP":"APWssfg0uM2HevzjbDM+Om8ThaGLNoxzJkujtbT55SPhx5ntnDiktTXNRAHdwJgAc1HPVVCm6nESSIZ0ZqO+rh2vRYT+oXMHre0zhpGDZMVAB31zowTUv+6d7lakMbqN3hDjpxaiP3Xg7my4qMCrnnFyBq7LuE/0zw2SeoQnKlY1","primeQ":"0Bz8LW4oN1KyBz927k3gHy8tkfxoL6mhXKrx5nCSCzvW8bddxxbqASQLl2Hjf0Mp1kpiPenLCrf002PMArRVKz1Oexy21pW1pLjmty2nI/mc2hCexV7d65znk/1Qq5X21HDuedKLRN/VANumEQ/9uxePsXgUboxx2F5cs/NXszs=","publicExponent":"AQAB"}} | 400 json v {"message":"Key with id rsa already exists"}
A | PUT /keys/rsa0 | {"type":"RSA","mechanisms":[],"private":{"primeP":"APWssfg0uM2HevzjbDM+Om8ThaGLNoxzJkujtbT55SPhx5ntnDiktTXNRAHdwJgAc1HPVVCm6nESSIZ0ZqO+rh2vRYT+oXMHre0zhpGDZMVAB31zowTUv+6d7lakMbqN3hDjpxaiP3Xg7my4qMCrnnFyBq7LuE/0zw2SeoQnKlY1","primeQ":"0Bz8LW4oN1KyBz927k3gHy8tkfxoL6mhXKrx5nCSCzvW8bddxxbqASQLl2Hjf0Mp1kpiPenLCrf002PMArRVKz1Oexy21pW1pLjmty2nI/mc2hCexV7d65znk/1Qq5X21HDuedKLRN/VANumEQ/9uxePsXgUboxx2F5cs/NXszs=","publicExponent":"AQAB"}} | 204 json v
A | PUT /keys/rsamm | {"type":"RSA","mechanisms":["EdDSA_Signature"],"private":{"primeP":"APWssfg0uM2HevzjbDM+Om8ThaGLNoxzJkujtbT55SPhx5ntnDiktTXNRAHdwJgAc1HPVVCm6nESSIZ0ZqO+rh2vRYT+oXMHre0zhpGDZMVAB31zowTUv+6d7lakMbqN3hDjpxaiP3Xg7my4qMCrnnFyBq7LuE/0zw2SeoQnKlY1","primeQ":"0Bz8LW4oN1KyBz927k3gHy8tkfxoL6mhXKrx5nCSCzvW8bddxxbqASQLl2Hjf0Mp1kpiPenLCrf002PMArRVKz1Oexy21pW1pLjmty2nI/mc2hCexV7d65znk/1Qq5X21HDuedKLRN/VANumEQ/9uxePsXgUboxx2F5cs/NXszs=","publicExponent":"AQAB"}} | 204 json v
A | PUT /keys/x | {"type":"RSA","mechanisms":["RSA_Signature_PKCS1"],"private":{"primeP":"APWssfg0uM2HevzjbDM+Om8ThaGLNoxzJkujtbT55SPhx5ntnDiktTXNRAHdwJgAc1HPVVCm6nESSIZ0ZqO+rh2vRYT+oXMHre0zhpGDZMVAB31zowTUv+6d7lakMbqN3hDjpxaiP3Xg7my4qMCrnnFyBq7LuE/0zw2SeoQnKlY1","publicExponent":"AQAB"}} | 400 json v {"message":"invalid prime q"}
A | PUT /keys/x | {"type":"RSA","mechanisms":["RSA_Signature_PKCS1"],"private":{"primeP":"APWssfg0uM2HevzjbDM+Om8ThaGLNoxzJkujtbT55SPhx5ntnDiktTXNRAHdwJgAc1HPVVCm6nESSIZ0ZqO+rh2vRYT+oXMHre0zhpGDZMVAB31zowTUv+6d7lakMbqN3hDjpxaiP3Xg7my4qMCrnnFyBq7LuE/0zw2SeoQnKlY1","primeQ":"BA==","publicExponent":"AQAB"}} | 400 json v {"message":"invalid prime q"}
A | PUT /keys/aes15 | {"type":"Generic","mechanisms":["AES_Encryption_CBC"],"private":{"data":"AQIDBAUGBwgJCgsMDQ4P"}} | 204 json v
A | PUT /keys/aes | {"type":"Generic","mechanisms":["AES_Encryption_CBC","AES_Decryption_CBC"],"private":{"data":"AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="}} | 204 json v
A | POST /keys/generate | {"type":"Generic","mechanisms":["AES_Encryption_CBC"],"length":129,"id":"gg129"} | 201 json cvl {"id":"gg129"}
A | PUT /keys/ed | {"type":"Curve25519","mechanisms":["EdDSA_Signature"],"private":{"data":"A0dS3xZ3On9SycbVPxuwsAOrSo9qj+UOcngfv9tcBk0="}} | 204 json v
A | GET /keys/rsa |  | 200 json ve {"mechanisms":["RSA_Decryption_RAW","RSA_Decryption_PKCS1","RSA_Decryption_OAEP_SHA256","RSA_Signature_PKCS1","RSA_Signature_PSS_SHA256"],"type":"RSA","operations":0,"public":{"modulus":"x7ghfro+VEepYmy2V7HPn5PSRdmGzxewcpmzxTtrZ10BygbEqhPsAr4fWI9pG7iRXzeza7DMjrQptzKsfSy6dBFmSEZer+hJxuOdhBG/FX6pjwRrZpbOQxyr+aTlE3jm2XP12Cqx0wsYGIoJlWHbGb90IAx9zpdYQgHoJZ4x5ims5vo7h3puPEyVycJH5fMBB9h+2Bxc4BxaPKMm15JR1B7ToB3g16SJY2B1t/aqNmqSBZC4HP1fCuSbBm83OgqRhdk1P6r/vqOVKrxVupDqKkdcf/dRBiQalJ9tQbVbs9OOYfQ6n25GvJTvGtqOEuggit32tV16JXCZjnYePAvtNw==","publicExponent":"AQAB"},"restrictions":{}}
A | GET /keys/rsa0 |  | 200 json ve {"mechanisms":[],"type":"RSA","operations":0,"public":{"modulus":"x7ghfro+VEepYmy2V7HPn5PSRdmGzxewcpmzxTtrZ10BygbEqhPsAr4fWI9pG7iRXzeza7DMjrQptzKsfSy6dBFmSEZer+hJxuOdhBG/FX6pjwRrZpbOQxyr+aTlE3jm2XP12Cqx0wsYGIoJlWHbGb90IAx9zpdYQgHoJZ4x5ims5vo7h3puPEyVycJH5fMBB9h+2Bxc4BxaPKMm15JR1B7ToB3g16SJY2B1t/aqNmqSBZC4HP1fCuSbBm83OgqRhdk1P6r/vqOVKrxVupDqKkdcf/dRBiQalJ9tQbVbs9OOYfQ6n25GvJTvGtqOEuggit32tV16JXCZjnYePAvtNw==","publicExponent":"AQAB"},"restrictions":{}}
A | GET /keys/rsamm |  | 200 json ve {"mechanisms":["EdDSA_Signature"],"type":"RSA","operations":0,"public":{"modulus":"x7ghfro+VEepYmy2V7HPn5PSRdmGzxewcpmzxTtrZ10BygbEqhPsAr4fWI9pG7iRXzeza7DMjrQptzKsfSy6dBFmSEZer+hJxuOdhBG/FX6pjwRrZpbOQxyr+aTlE3jm2XP12Cqx0wsYGIoJlWHbGb90IAx9zpdYQgHoJZ4x5ims5vo7h3puPEyVycJH5fMBB9h+2Bxc4BxaPKMm15JR1B7ToB3g16SJY2B1t/aqNmqSBZC4HP1fCuSbBm83OgqRhdk1P6r/vqOVKrxVupDqKkdcf/dRBiQalJ9tQbVbs9OOYfQ6n25GvJTvGtqOEuggit32tV16JXCZjnYePAvtNw==","publicExponent":"AQAB"},"restrictions":{}}
O | POST /keys/rsa/sign | {"mode": "PKCS1", "message": "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE="} | 200 json cv {"signature":"IcO+HNDYkljO1JriaHVZnfswfhP05i0dDHp0tLxiTWTVY2oP8jezWzpohIIJpAJpfEMMxvW+8L/DTvAwKztjLRdxcb1mKBn6Lz++L7qE/tQueZIkNUKFd+QdMATYDfwDs6L5+qxSVsjk6daI+HBIxzuGuGstAPPRzqjjWserUuKVn5BZAcIpClIIDNV8NNo7JJ79he+Stnx47sH0IWzt9Nrx7gfUrFbUcrWCerBIYETQU0MCmtg52bR9XicGSgKvOgZI3FE/4QrtgnoLQljbti6y8ckIKpJW3aenrn8FzLl5QB0B/5J+/APdCP8H59kaxnT0+5UFx8QCHfwgqDKQDQ=="}
O | POST /keys/rsa/sign | {"mode": "PSS_SHA256", "message": "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYQ=="} | 400 json cv {"message":"digested data of invalid size"}
O | POST /keys/rsa/sign | {"mode": "FOO", "message": "LXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE="} | 400 json cv {"message":"Invalid data for JSON schema: Json.sign_mode."}
O | POST /keys/rsamm/sign | {"mode": "EdDSA", "message": "YQ=="} | 400 json cv {"message":"invalid sign mode"}
O | POST /keys/rsa/decrypt | {"mode": "RAW", "encrypted": "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="} | 400 json cv {"message":"Decryption failure"}
O | POST /keys/rsa/decrypt | {"mode": "RAW", "encrypted": ""} | 400 json cv {"message":"Decryption failure"}
O | POST /keys/rsa/decrypt | {"mode": "OAEP_SHA1", "encrypted": "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ=="} | 400 json cv {"message":"Key mechanisms do not allow requested decryption."}
O | POST /keys/ed/decrypt | {"mode": "RAW", "encrypted": "AQ=="} | 400 json cv {"message":"Key mechanisms do not allow requested decryption."}
O | POST /keys/aes/decrypt | {"mode": "AES_CBC", "encrypted": "AQEBAQEBAQEBAQEBAQEBAQ=="} | 400 json cv {"message":"AES-CBC decrypt requires IV"}
O | POST /keys/aes/decrypt | {"mode": "AES_CBC", "encrypted": "AQEBAQEBAQEBAQEBAQEBAQ==", "iv": "AAAAAAAAAAAAAAAAAAAAAA=="} | 200 json cv {"decrypted":"B6P5H/4wtDroqmfQ+7x2Uw=="}
O | POST /keys/aes/decrypt | {"mode": "AES_CBC", "encrypted": "AQEBAQEBAQEBAQEBAQEBAQ==", "iv": "!!"} | 400 json cv {"message":"Decryption failed: Wrong padding"}
O | POST /keys/aes/encrypt | {"mode": "AES_CBC", "message": "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE="} | 200 json cv *
O | POST /keys/aes/encrypt | {"mode": "AES_CBC", "message": "YWFhYWFhYWFhYWFhYWFh", "iv": "AAAAAAAAAAAAAAAAAAAAAA=="} | 400 json cv {"message":"Encryption failed: Mirage_crypto: CBC: argument length 15 not of block size"}
O | POST /keys/aes15/encrypt | {"mode": "AES_CBC", "message": "YWFhYWFhYWFhYWFhYWFhYQ==", "iv": "AAAAAAAAAAAAAAAAAAAAAA=="} | 400 json cv {"message":"Encryption failed: Mirage_crypto: AES.of_secret: key length 15"}
O | POST /keys/gg129/encrypt | {"mode": "AES_CBC", "message": "YWFhYWFhYWFhYWFhYWFhYQ==", "iv": "AAAAAAAAAAAAAAAAAAAAAA=="} | 400 json cv {"message":"Encryption failed: Mirage_crypto: AES.of_secret: key length 17"}
O | POST /keys/rsa/encrypt | {"mode": "AES_CBC", "message": "YWFhYWFhYWFhYWFhYWFhYQ=="} | 400 json cv {"message":"Key mechanisms do not allow requested encryption."}
O | POST /keys/aes/encrypt | {"mode": "RAW", "message": "YWFhYWFhYWFhYWFhYWFhYQ=="} | 400 json cv {"message":"Invalid data for JSON schema: Json.encrypt_mode."}
A | POST /keys/rsa/csr.pem | {"countryName": "DE"} | 400 json cv {"message":"Invalid data for JSON schema: Json.subject_req.commonName."}
A | POST /keys/aes/csr.pem | {"commonName": "n"} | 400 json cv {"message":"Generic keys can't create certificates"}
A | PUT /keys/ed/label | {"label": "L1"} | 204 json cv
A | PUT /keys/ed/label | {"label": "L1"} | 304 json cv
A | PUT /keys/ed/label | "L1" | 400 json cv {"message":"Json.label_req"}
A | POST /keys/rsa0/move | {"newId": "ed"} | 409 json cv {"message":"Key 'ed' already exists"}
A | POST /keys/ed/move | {"newId": ""} | 400 json cv {"message":"JSON field newId is empty."}
A | POST /keys/ed/move | {"newId": "-"} | 400 json cv {"message":"ID cannot start with underscore, dash, or dot."}
O | POST /keys/aes/encrypt | {"mode":"AES_CBC","message":"YWFhYWFhYWFhYWFhYWFhYQ==","iv":"AAAA"} | 400 json cv *
A | POST /keys/nope/csr.pem | {"commonName": "n"} | 404 pem cv
A | GET /keys/aes |  | 200 json ve {"mechanisms":["AES_Encryption_CBC","AES_Decryption_CBC"],"type":"Generic","operations":2,"restrictions":{}}
A | GET /keys/ed | | 200 json ve *
A | GET /keys/ed/label |  | 405 - c
A | DELETE /keys/ed/label |  | 204 json cv
A | DELETE /keys/ed/label |  | 204 json cv
A | DELETE /keys/nope/label |  | 404 json cv
A | PUT /keys/nope/label | {"label": "L1"} | 404 json cv
O | PUT /keys/ed/label | {"label": "L1"} | 403 - c
A | POST /keys/rsa/decrypt | {"mode": "RAW", "encrypted": "AQ=="} | 403 - c
O | POST /keys/rsa/decrypt | {"mode": "RAW", "encrypted": "AQ=="} | 400 json cv {"message":"Decryption failure"}
O | POST /keys/ed/move | {"newId": "z"} | 403 - c
A | POST /keys/rsa0/move | {"newId": "moved"} | 200 json cv {"id":"moved"}
A | GET /keys/r* |  | 200 json ve [{"id":"rsa"},{"id":"rsamm"}]
A | GET /keys/zz* |  | 200 json ve []
O | GET /keys/r*?filter |  | 200 json v [{"id":"rsa"},{"id":"rsamm"}]
A | GET /keys/-* |  | 400 json v {"message":"ID cannot start with underscore, dash, or dot."}
M | GET /keys/r* |  | 403 - -
A | DELETE /keys/r* |  | 405 - -
A | PUT /keys/p256 | {"type":"EC_P256","mechanisms":["AES_Encryption_CBC","RSA_Decryption_RAW","BIP340_Signature"],"private":{"data":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="}} | 204 json v
O | POST /keys/p256/decrypt | {"mode": "RAW", "encrypted": "AQ=="} | 400 json cv {"message":"Decryption only supported for RSA and Generic keys."}
O | POST /keys/p256/encrypt | {"mode": "AES_CBC", "message": ""} | 400 json cv *
O | POST /keys/p256/sign | {"mode": "BIP340", "message": ""} | 400 json cv {"message":"invalid sign mode"}
A | PUT /keys/aesraw | {"type":"Generic","mechanisms":["RSA_Decryption_RAW"],"private":{"data":""}} | 204 json v
O | POST /keys/aesraw/decrypt | {"mode": "RAW", "encrypted": "AQ=="} | 400 json cv {"message":"decrypt mode not supported by Generic key"}
A | GET /keys/aesraw/public.pem | | 400 json v {"message":"Generic keys have no public key"}
"#;

const NO_NAMES: &str = "\
-----BEGIN CERTIFICATE REQUEST-----\n\
MIICUTCCATkCAQAwDDEKMAgGA1UEAwwBbjCCASIwDQYJKoZIhvcNAQEBBQADggEP\n\
ADCCAQoCggEBAMe4IX66PlRHqWJstlexz5+T0kXZhs8XsHKZs8U7a2ddAcoGxKoT\n\
7AK+H1iPaRu4kV83s2uwzI60KbcyrH0sunQRZkhGXq/oScbjnYQRvxV+qY8Ea2aW\n\
zkMcq/mk5RN45tlz9dgqsdMLGBiKCZVh2xm/dCAMfc6XWEIB6CWeMeYprOb6O4d6\n\
bjxMlcnCR+XzAQfYftgcXOAcWjyjJteSUdQe06Ad4NekiWNgdbf2qjZqkgWQuBz9\n\
XwrkmwZvNzoKkYXZNT+q/76jlSq8VbqQ6ipHXH/3UQYkGpSfbUG1W7PTjmH0Op9u\n\
RryU7xrajhLoIIrd9rVdeiVwmY52HjwL7TcCAwEAAaAAMA0GCSqGSIb3DQEBCwUA\n\
A4IBAQC+kpI6ThVve5t5dYNVQ/4qoT7D+ZxDvnRozU8tLjRUlRVdsxVjnB6+fZN7\n\
DuK3g2cNw4iftKX9m10wenS06RzoCkrDM2MljYN5AyfPMn1oEHHNHfVZVH2fK5J6\n\
tG0f+3rzc+xBew8hSOXL8tU+JrzSPV6MozTeD9uBrlZSAoaJ3mWL4wd1Idpu+KMT\n\
az73JHwk0VKEIEFni7TA64PLtGBJWrXxEjR6yR8YrFEjb31tCotc9RIKkY5DdrYh\n\
Bvs0B/k+7cZVuBHpI124K7s6MIZZ334bScHzwY3K2AZ/vIJOJ9PAcs3fyFF2cVu/\n\
K60FQZtNCx9KIekQk+VzDINwggj8\n\
-----END CERTIFICATE REQUEST-----\n\
";

const UMLAUT: &str = "\
-----BEGIN CERTIFICATE REQUEST-----\n\
MIICfDCCAWQCAQAwEjEQMA4GA1UEAwwHQsO8Y2hlcjCCASIwDQYJKoZIhvcNAQEB\n\
BQADggEPADCCAQoCggEBAMe4IX66PlRHqWJstlexz5+T0kXZhs8XsHKZs8U7a2dd\n\
AcoGxKoT7AK+H1iPaRu4kV83s2uwzI60KbcyrH0sunQRZkhGXq/oScbjnYQRvxV+\n\
qY8Ea2aWzkMcq/mk5RN45tlz9dgqsdMLGBiKCZVh2xm/dCAMfc6XWEIB6CWeMeYp\n\
rOb6O4d6bjxMlcnCR+XzAQfYftgcXOAcWjyjJteSUdQe06Ad4NekiWNgdbf2qjZq\n\
kgWQuBz9XwrkmwZvNzoKkYXZNT+q/76jlSq8VbqQ6ipHXH/3UQYkGpSfbUG1W7PT\n\
jmH0Op9uRryU7xrajhLoIIrd9rVdeiVwmY52HjwL7TcCAwEAAaAlMCMGCSqGSIb3\n\
DQEJDjEWMBQwEgYDVR0RBAswCYIHQsO8Y2hlcjANBgkqhkiG9w0BAQsFAAOCAQEA\n\
JPEHSqnOmv/U6XJJJB7Z/UnD5Hs8g4+9kTFWYy2qVPJxNB4c9s+wtuV8B+m5KzuS\n\
eLPdEiODTGIUVQVP0T7f3NPZD+5nC2iEzfwaYahXL0AhAdNfD6wyBhgqtTU/svKT\n\
h+d1Z25bcjQIyo3nHYbFFEPvLdEuJUAEG3ML0kIKcYqQicANc3JlggfhZsIe8wZm\n\
CPCYBTLyEcHbHOyWx/N6lBNP90g3OaBn8gwIC1nwy4H3IG3bBhWArLEGekGlzfHI\n\
6VNLKBIk7CevyXTmdzb5011/QuiexWR3dTusII84pZH1CDUNQVwdTe9l43mManBS\n\
FTJpD7O9Gi0W75EnVNRWeg==\n\
-----END CERTIFICATE REQUEST-----\n\
";

const PUBLIC: &str = "\
-----BEGIN PUBLIC KEY-----\n\
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAx7ghfro+VEepYmy2V7HP\n\
n5PSRdmGzxewcpmzxTtrZ10BygbEqhPsAr4fWI9pG7iRXzeza7DMjrQptzKsfSy6\n\
dBFmSEZer+hJxuOdhBG/FX6pjwRrZpbOQxyr+aTlE3jm2XP12Cqx0wsYGIoJlWHb\n\
Gb90IAx9zpdYQgHoJZ4x5ims5vo7h3puPEyVycJH5fMBB9h+2Bxc4BxaPKMm15JR\n\
1B7ToB3g16SJY2B1t/aqNmqSBZC4HP1fCuSbBm83OgqRhdk1P6r/vqOVKrxVupDq\n\
Kkdcf/dRBiQalJ9tQbVbs9OOYfQ6n25GvJTvGtqOEuggit32tV16JXCZjnYePAvt\n\
NwIDAQAB\n\
-----END PUBLIC KEY-----\n\
";

#[test]
fn questions_about_keys_are_answered_like_by_the_real_one() {
    let desk = Desk::at_work();
    add_user(
        &desk.admin(),
        "metrics",
        UserRole::Metrics,
        "MetricsMetrics",
    );
    replay(&desk, KEYS);

    // The device makes up a name before it looks at what was sent.
    for header in [("Content-Type", "text/plain"), ("Accept", "*/*")] {
        let question = desk.ask("POST", "/api/v1/keys/generate");
        let question = question.by(&format!("admin:{ADMIN}"));
        let reply = question.header(header.0, header.1).send(b"{}");
        assert_eq!((reply.status, reply.body.as_str()), (415, ""));
        assert!(
            reply
                .header("location")
                .is_some_and(|location| location.starts_with("/api/v1/keys/"))
        );
    }

    let pem = |method: &str, path: &str, sent: &str| {
        let reply = desk
            .ask(method, &format!("/api/v1/keys/rsa/{path}"))
            .by(&format!("admin:{ADMIN}"))
            .send(sent.as_bytes());
        let media_type = Some("application/x-pem-file");
        assert_eq!(
            (reply.status, reply.header("content-type")),
            (200, media_type)
        );
        reply.body
    };
    assert_eq!(pem("GET", "public.pem", ""), PUBLIC);
    let none = r#"{"commonName": "n", "subjectAltNames": []}"#;
    assert_eq!(pem("POST", "csr.pem", none), NO_NAMES);
    let umlaut = "{\"commonName\": \"B\u{fc}cher\"}";
    assert_eq!(pem("POST", "csr.pem", umlaut), UMLAUT);
}
